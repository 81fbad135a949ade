// Metrics of regression.
import { ratio, sum } from './arithmetic.ts';
import { squaredErrors } from './example-losses.ts';
import type { Numbers } from './probabilities.ts';
import { averageRanks } from './ranking.ts';

export interface RegressionMetrics {
  /** The mean squared error, as `mse`. */
  readonly loss: number;
  readonly mse: number;
  readonly rmse: number;
  readonly mae: number;
  /** 1 - residual / total sum of squares; null where the targets are constant. */
  readonly r2: number | null;
  /** null where predictions or targets are constant. */
  readonly pearson: number | null;
  /** Pearson's of the ranks, ties with their mean rank; null likewise. */
  readonly spearman: number | null;
}

export interface RegressionInput {
  /** [rows]. */
  readonly predictions: Numbers;
  /** [rows]. */
  readonly targets: Numbers;
}

function deviations(values: Numbers): Float64Array {
  const mean = sum(values) / values.length;
  return Float64Array.from(values, (value) => value - mean);
}

function isConstant(values: Numbers): boolean {
  return values.every((value) => value === values[0]);
}

/** Pearson's correlation, -1 to 1; null where either side is constant. */
function correlation(a: Numbers, b: Numbers): number | null {
  // Rounding of the mean would make a constant look as if it varied.
  if (isConstant(a) || isConstant(b)) return null;
  const [x, y] = [deviations(a), deviations(b)];
  const covariance = sum(x.map((value, row) => value * (y[row] ?? NaN)));
  const scale = Math.sqrt(sum(x.map((value) => value ** 2))) * Math.sqrt(sum(y.map((value) => value ** 2)));
  return Math.min(1, Math.max(-1, covariance / scale));
}

/** The metrics of predicted numbers, [rows], of one output. */
export function regressionMetrics({ predictions, targets }: RegressionInput): RegressionMetrics {
  const rows = targets.length;
  const squares = sum(squaredErrors(predictions, targets));
  const absolutes = sum(
    Float64Array.from(predictions, (value, row) => Math.abs(value - (targets[row] ?? NaN))),
  );
  const mse = ratio(squares, rows);
  return {
    loss: mse,
    mse,
    rmse: Math.sqrt(mse),
    mae: ratio(absolutes, rows),
    r2: isConstant(targets) ? null : 1 - squares / sum(deviations(targets).map((value) => value ** 2)),
    pearson: correlation(predictions, targets),
    spearman: correlation(averageRanks(predictions), averageRanks(targets)),
  };
}
