// From logits and truth to the stored prediction of every row.
import type { Predictions } from '../../src/dataset/predictions.ts';
import type { EvaluationInput } from '../../src/training/metrics/evaluation-metrics.ts';
import {
  binaryCrossEntropies,
  crossEntropies,
  squaredErrors,
} from '../../src/training/metrics/example-losses.ts';
import { predictedLabel } from '../../src/training/metrics/multi-label-metrics.ts';
import { predictedClasses } from '../../src/training/metrics/probabilities.ts';

type WordInput = Extract<EvaluationInput, { task: 'tokenClassification' }>;

/** Only the first token of each word carries a label: those are the words. */
function wordPredictions(input: WordInput, labelNames: readonly string[]): Predictions {
  const { logits, labelCount, labels, rowOffsets } = input;
  const predicted = predictedClasses(logits, labelCount);
  const tokenLosses = crossEntropies(input, labels);
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

/** The predictions of an evaluation, in the order of its rows. */
export function evaluatedPredictions(input: EvaluationInput, labelNames: readonly string[]): Predictions {
  switch (input.task) {
    case 'classification': {
      const { logits, labels, labelCount } = input;
      return {
        task: input.task,
        labelNames,
        labels,
        predicted: predictedClasses(logits, labelCount),
        logits: Float32Array.from(logits),
        losses: Float32Array.from(crossEntropies(input, labels)),
      };
    }
    case 'multiLabel': {
      const { logits, targets } = input;
      return {
        task: input.task,
        labelNames,
        labels: Uint8Array.from(targets),
        predicted: Uint8Array.from(logits, (logit) => (predictedLabel(logit) ? 1 : 0)),
        logits: Float32Array.from(logits),
        losses: Float32Array.from(binaryCrossEntropies(input, targets)),
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
      return wordPredictions(input, labelNames);
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
