// The loss of each prediction, as PyTorch's loss functions give it before the mean.
import { forEachYielding, type YieldToOthers } from '../../waiting/event-loop.ts';
import type { ClassProbabilities, LogitTable, Numbers } from './probabilities.ts';

/** Cross-entropy [rows]; a label below 0 is not counted and gives 0. */
export async function crossEntropies(
  probabilities: ClassProbabilities,
  labels: Int32Array,
  yieldToOthers: YieldToOthers,
): Promise<Float64Array> {
  const losses = new Float64Array(labels.length);
  await forEachYielding(labels.length, yieldToOthers, (row) => {
    const label = labels[row] ?? -1;
    losses[row] = label < 0 ? 0 : -probabilities.logOf(row, label);
  });
  return losses;
}

/**
 * Binary cross-entropy [rows], the mean over the labels of a row.
 * @param targets 0 or 1, [rows, labelCount].
 */
export async function binaryCrossEntropies(
  { logits, labelCount }: LogitTable,
  targets: Numbers,
  yieldToOthers: YieldToOthers,
): Promise<Float64Array> {
  const losses = new Float64Array(logits.length / labelCount);
  await forEachYielding(losses.length, yieldToOthers, (row) => {
    let total = 0;
    for (let place = row * labelCount; place < (row + 1) * labelCount; place++) {
      const logit = logits[place] ?? NaN;
      // max(x, 0) - x * t + ln(1 + exp(-|x|)): neither overflows nor cancels.
      const loss =
        Math.max(logit, 0) - logit * (targets[place] ?? NaN) + Math.log1p(Math.exp(-Math.abs(logit)));
      total += loss / labelCount;
    }
    losses[row] = total;
  });
  return losses;
}

/** Squared errors [rows]. */
export function squaredErrors(predictions: Numbers, targets: Numbers): Float64Array {
  return Float64Array.from(predictions, (prediction, row) => (prediction - (targets[row] ?? NaN)) ** 2);
}
