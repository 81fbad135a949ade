// Cuts the examples of a step into parts that are computed one after another, so that memory does not grow with the batch.
import type { Example, ExampleTable } from '../text/example-table.ts';
import type { Recipe } from './job.ts';

/** Tokens of a part, unless one example alone has more: what is computed of them fits the last cache of a processor. */
export const partTokens = 2048;

/** Examples in the order given, as many to a part as its tokens allow. */
export function stepParts(examples: readonly Example[]): Example[][] {
  const parts: Example[][] = [];
  let tokens = Infinity;
  for (const example of examples) {
    tokens += example.tokenIds.length;
    if (tokens > partTokens) {
      parts.push([]);
      tokens = example.tokenIds.length;
    }
    parts.at(-1)?.push(example);
  }
  return parts;
}

/** Whether any step can have several parts: whether the longest examples together, as many as make a step, need them. */
export function needsParts(
  table: ExampleTable,
  recipe: Pick<Recipe, 'batchSize' | 'gradientAccumulation'>,
): boolean {
  const examples = Math.min(table.count, recipe.batchSize * recipe.gradientAccumulation);
  if (examples * table.longest <= partTokens) return false;
  const counts = new Float64Array(table.longest + 1);
  for (let index = 0; index < table.count; index++) {
    const length = table.lengthOf(index);
    counts[length] = (counts[length] ?? 0) + 1;
  }
  let left = examples;
  let tokens = 0;
  for (let length = table.longest; length > 0 && left > 0; length--) {
    const taken = Math.min(left, counts[length] ?? 0);
    tokens += taken * length;
    left -= taken;
  }
  return tokens > partTokens;
}
