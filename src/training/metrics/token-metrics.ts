// Metrics of token classification, over the tokens that carry a label.
import type { YieldToOthers } from '../../waiting/event-loop.ts';
import { ratio, sum } from './arithmetic.ts';
import { classMetrics, macroF1, present, weightedF1, type ClassMetrics } from './class-report.ts';
import { classCounts, confusionMatrix } from './confusion-matrix.ts';
import { entityMetrics, isIob2, type EntityMetrics, type TaggedExample } from './entities.ts';
import { crossEntropies } from './example-losses.ts';
import { ClassProbabilities, predictedClasses, type LogitTable } from './probabilities.ts';

export interface TokenMetrics {
  /** The mean cross-entropy of the counted tokens. */
  readonly loss: number;
  readonly tokens: number;
  readonly accuracy: number;
  /** Over the classes that occur among labels or predictions. */
  readonly macroF1: number;
  readonly weightedF1: number;
  readonly perClass: readonly ClassMetrics[];
  /** `[label][prediction]`, counts. */
  readonly confusionMatrix: readonly (readonly number[])[];
  /** null unless the labels are of the IOB2 scheme. */
  readonly entities: EntityMetrics | null;
}

export interface TokenInput extends LogitTable {
  /** [tokens]; below 0 where a token is not counted. */
  readonly labels: Int32Array;
  /** [examples + 1]: where the tokens of each example begin. */
  readonly rowOffsets: Int32Array;
  /** [labelCount]. */
  readonly labelNames: readonly string[];
}

function* taggedExamples(
  { labels, rowOffsets, labelNames }: TokenInput,
  predicted: Int32Array,
): Generator<TaggedExample> {
  const nameOf = (label: number | undefined): string => labelNames[label ?? -1] ?? '';
  for (let example = 0; example + 1 < rowOffsets.length; example++) {
    const counted: number[] = [];
    for (let token = rowOffsets[example] ?? 0; token < (rowOffsets[example + 1] ?? 0); token++)
      if ((labels[token] ?? -1) >= 0) counted.push(token);
    yield {
      labels: counted.map((token) => nameOf(labels[token])),
      predicted: counted.map((token) => nameOf(predicted[token])),
    };
  }
}

/** @throws RangeError when a label is not a class */
export async function tokenMetrics(input: TokenInput, yieldToOthers: YieldToOthers): Promise<TokenMetrics> {
  const { labelCount, labels, labelNames } = input;
  const predicted = await predictedClasses(input, yieldToOthers);
  const probabilities = new ClassProbabilities(input);
  const matrix = confusionMatrix(predicted, labels, labelCount);
  const counts = classCounts(matrix);
  const tokens = sum(counts.map(({ support }) => support));
  return {
    loss: ratio(sum(await crossEntropies(probabilities, labels, yieldToOthers)), tokens),
    tokens,
    accuracy: ratio(sum(counts.map(({ hits }) => hits)), tokens),
    macroF1: macroF1(present(counts)),
    weightedF1: weightedF1(counts),
    perClass: counts.map(classMetrics),
    confusionMatrix: matrix,
    entities: isIob2(labelNames) ? entityMetrics(taggedExamples(input, predicted)) : null,
  };
}
