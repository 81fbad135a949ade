// What a step does to the words of the vocabulary that are not in use: they have no gradient, but decay with the others.
import { isWordBlock } from '../bert/leaves.ts';
import type { BertConfig, Recipe, UnusedWords } from '../job.ts';
import type { ModelLayout } from '../model-layout.ts';
import { optimizers } from './optimizer.ts';

/**
 * The decay of a step at the rate of the table of words, which with `layerDecay` is not that of the step. Where a recipe
 * does not train the table nothing happens to it.
 */
export function unusedWordsDecay(
  config: BertConfig,
  { optimizer, weightDecay }: Pick<Recipe, 'optimizer' | 'weightDecay'>,
  { trained, groups }: Pick<ModelLayout, 'trained' | 'groups'>,
): (before: UnusedWords, learningRate: number) => UnusedWords {
  const slot = trained.find(({ leaves }) => leaves.some((leaf) => isWordBlock(config, leaf)));
  if (slot === undefined) return (before) => before;
  const multiplier = groups[slot.group] ?? 1;
  return (before, learningRate) =>
    optimizers[optimizer].decayUnused(before, learningRate * multiplier, weightDecay);
}
