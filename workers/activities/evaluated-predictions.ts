// From logits and truth to the stored prediction of every row.
import type { Predictions } from '../../src/dataset/predictions.ts';
import { forEachYielding, type YieldToOthers } from '../../src/waiting/event-loop.ts';
import type { EvaluationInput } from '../../src/training/metrics/evaluation-metrics.ts';
import {
  binaryCrossEntropies,
  crossEntropies,
  squaredErrors,
} from '../../src/training/metrics/example-losses.ts';
import { predictedLabel } from '../../src/training/metrics/multi-label-metrics.ts';
import {
  ClassProbabilities,
  predictedClasses,
  type Numbers,
} from '../../src/training/metrics/probabilities.ts';

type WordInput = Extract<EvaluationInput, { task: 'tokenClassification' }>;

/** Only the first token of each word carries a label: those are the words. */
async function wordPredictions(
  input: WordInput,
  labelNames: readonly string[],
  yieldToOthers: YieldToOthers,
): Promise<Predictions> {
  const { labels, rowOffsets } = input;
  const predicted = await predictedClasses(input, yieldToOthers);
  const tokenLosses = await crossEntropies(new ClassProbabilities(input), labels, yieldToOthers);
  const counted: number[] = [];
  const offsets = new Int32Array(rowOffsets.length);
  const losses = new Float32Array(rowOffsets.length - 1);
  for (let row = 0; row < losses.length; row++) {
    let sum = 0;
    for (let token = rowOffsets[row] ?? 0; token < (rowOffsets[row + 1] ?? 0); token++)
      if ((labels[token] ?? -1) >= 0) {
        counted.push(token);
        sum += tokenLosses[token] ?? 0;
      }
    offsets[row + 1] = counted.length;
    losses[row] = sum / Math.max(1, counted.length - (offsets[row] ?? 0));
  }
  return {
    task: 'tokenClassification',
    labelNames,
    labels: Int32Array.from(counted, (token) => labels[token] ?? 0),
    predicted: Int32Array.from(counted, (token) => predicted[token] ?? 0),
    offsets,
    losses,
  };
}

/** Which labels are predicted, [rows, labelCount], 0 or 1. */
async function predictedLabels(
  { logits, labelCount }: Extract<EvaluationInput, { task: 'multiLabel' }>,
  yieldToOthers: YieldToOthers,
): Promise<Uint8Array> {
  const predicted = new Uint8Array(logits.length);
  await forEachYielding(logits.length / labelCount, yieldToOthers, (row) => {
    for (let place = row * labelCount; place < (row + 1) * labelCount; place++)
      predicted[place] = predictedLabel(logits[place] ?? NaN) ? 1 : 0;
  });
  return predicted;
}

/** As float32, which they are unless a test gives others. */
function asFloat32(values: Numbers): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/**
 * The predictions of an evaluation, in the order of its rows.
 *
 * @param yieldToOthers as `evaluationMetrics` takes it.
 */
export async function evaluatedPredictions(
  input: EvaluationInput,
  labelNames: readonly string[],
  yieldToOthers: YieldToOthers,
): Promise<Predictions> {
  switch (input.task) {
    case 'classification': {
      const { logits, labels } = input;
      return {
        task: input.task,
        labelNames,
        labels,
        predicted: await predictedClasses(input, yieldToOthers),
        logits: asFloat32(logits),
        losses: Float32Array.from(await crossEntropies(new ClassProbabilities(input), labels, yieldToOthers)),
      };
    }
    case 'multiLabel': {
      const { logits, targets } = input;
      return {
        task: input.task,
        labelNames,
        labels: Uint8Array.from(targets),
        predicted: await predictedLabels(input, yieldToOthers),
        logits: asFloat32(logits),
        losses: Float32Array.from(await binaryCrossEntropies(input, targets, yieldToOthers)),
      };
    }
    case 'regression': {
      const { predictions, targets } = input;
      return {
        task: input.task,
        labels: Float32Array.from(targets),
        predicted: Float32Array.from(predictions),
        losses: Float32Array.from(squaredErrors(predictions, targets)),
      };
    }
    case 'tokenClassification':
      return wordPredictions(input, labelNames, yieldToOthers);
  }
}

/** The largest difference between the first rows of two tables of logits, as many as the shorter one has. */
export function largestDifference(left: Float32Array, right: Float32Array): number {
  const count = Math.min(left.length, right.length);
  let largest = 0;
  for (let place = 0; place < count; place++)
    largest = Math.max(largest, Math.abs((left[place] ?? 0) - (right[place] ?? 0)));
  return largest;
}
