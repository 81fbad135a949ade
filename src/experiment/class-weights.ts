// The weight of each class in the loss.
import { CodedError } from '../error.ts';
import type { TrainingSpec } from './spec.ts';
import { quoted } from '../json/quoted.ts';

const listedLabels = 5;

/**
 * @param labels the classes in their order.
 * @param counts how often each is a label in the training split, in the same order.
 * @param asked `balanced`: all examples / (classes that occur * count), scikit-learn's `class_weight='balanced'`, and 0 for
 *   a class that does not occur.
 * @returns a weight a class; `null` where all weigh the same.
 * @throws CodedError `labels_invalid` when the weights name a label that is not there, or leave one out.
 */
export function classWeightsFor(
  labels: readonly string[],
  counts: readonly number[],
  asked: TrainingSpec['classWeights'],
): readonly number[] | null {
  if (asked === null) return null;
  if (asked === 'balanced') return balanced(counts);
  const unknown = Object.keys(asked).filter((label) => !labels.includes(label));
  if (unknown.length > 0)
    throw new CodedError(
      'labels_invalid',
      `training.classWeights names labels that the training split does not have: ${listOf(unknown)}.`,
    );
  const missing = labels.filter((label) => !Object.hasOwn(asked, label));
  if (missing.length > 0)
    throw new CodedError('labels_invalid', `training.classWeights lacks labels: ${listOf(missing)}.`);
  return labels.map((label) => asked[label] ?? 0);
}

/**
 * Whether there is a weight for each class, before it is known how often they occur.
 *
 * @throws CodedError as {@link classWeightsFor} does.
 */
export function requireClassWeightsFit(labels: readonly string[], asked: TrainingSpec['classWeights']): void {
  const once = labels.map(() => 1);
  classWeightsFor(labels, once, asked);
}

function balanced(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const classes = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 0 : total / (classes * count)));
}

function listOf(labels: readonly string[]): string {
  const listed = labels.slice(0, listedLabels).map((label) => quoted(label));
  return `${listed.join(', ')}${labels.length > listedLabels ? ' and more' : ''}`;
}
