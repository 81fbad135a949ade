// Which classes are taken for which.
import { ratio, sum } from './arithmetic.ts';
import type { ClassCounts } from './class-report.ts';

/** `[label][prediction]`, counts. */
type ConfusionMatrix = readonly (readonly number[])[];

/**
 * @param labels [rows]; below 0 where a row is not counted.
 * @throws RangeError when a label or prediction is not a class
 */
export function confusionMatrix(predicted: Int32Array, labels: Int32Array, labelCount: number): number[][] {
  const matrix = Array.from({ length: labelCount }, () => Array.from({ length: labelCount }, () => 0));
  labels.forEach((label, row) => {
    if (label < 0) return;
    const counts = matrix[label];
    const prediction = predicted[row] ?? -1;
    if (counts?.[prediction] === undefined)
      throw new RangeError(
        `Row ${row}: label ${label} or prediction ${prediction} is not below ${labelCount}.`,
      );
    counts[prediction] += 1;
  });
  return matrix;
}

/** The counts of each class. */
export function classCounts(matrix: ConfusionMatrix): ClassCounts[] {
  return matrix.map((row, index) => ({
    hits: row[index] ?? 0,
    predicted: sum(matrix.map((each) => each[index] ?? 0)),
    support: sum(row),
  }));
}

/** The multiclass correlation R_K (Gorodkin, Comput. Biol. Chem. 28, 2004); 0 when either side is constant. */
export function matthewsCorrelation(counts: readonly ClassCounts[]): number {
  const total = sum(counts.map(({ support }) => support));
  const correct = sum(counts.map(({ hits }) => hits));
  const covariance = correct * total - sum(counts.map(({ support, predicted }) => support * predicted));
  const labelVariance = total ** 2 - sum(counts.map(({ support }) => support ** 2));
  const predictionVariance = total ** 2 - sum(counts.map(({ predicted }) => predicted ** 2));
  return ratio(covariance, Math.sqrt(labelVariance * predictionVariance));
}
