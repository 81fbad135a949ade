// The loss of each prediction, as PyTorch's loss functions give it before the mean.
import { ClassProbabilities, type LogitTable, type Numbers } from './probabilities.ts';

/** Cross-entropy [rows]; a label below 0 is not counted and gives 0. */
export function crossEntropies(table: LogitTable, labels: Int32Array): Float64Array {
  const probabilities = new ClassProbabilities(table);
  return Float64Array.from(labels, (label, row) => (label < 0 ? 0 : -probabilities.logOf(row, label)));
}

/**
 * Binary cross-entropy [rows], the mean over the labels of a row.
 * @param targets - 0 or 1, [rows, labelCount]
 */
export function binaryCrossEntropies({ logits, labelCount }: LogitTable, targets: Numbers): Float64Array {
  const losses = new Float64Array(logits.length / labelCount);
  logits.forEach((logit, place) => {
    // max(x, 0) - x * t + ln(1 + exp(-|x|)): neither overflows nor cancels.
    const loss =
      Math.max(logit, 0) - logit * (targets[place] ?? NaN) + Math.log1p(Math.exp(-Math.abs(logit)));
    const row = Math.floor(place / labelCount);
    losses[row] = (losses[row] ?? 0) + loss / labelCount;
  });
  return losses;
}

/** Squared errors [rows]. */
export function squaredErrors(predictions: Numbers, targets: Numbers): Float64Array {
  return Float64Array.from(predictions, (prediction, row) => (prediction - (targets[row] ?? NaN)) ** 2);
}
