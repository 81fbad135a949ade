// Metrics of an order by score: of two classes, or of one against the rest. Each takes O(n log n).
import type { Numbers } from './probabilities.ts';

/** Places of the values from the least to the greatest. */
function ascending(values: Numbers): Int32Array {
  return Int32Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
}

/** Calls `visit` for each run of equal values in an order by value: `order[start]` up to, not including, `order[end]`. */
function eachTie(values: Numbers, order: Int32Array, visit: (start: number, end: number) => void): void {
  for (let start = 0; start < order.length;) {
    const value = values[order[start] ?? 0];
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === value) end += 1;
    visit(start, end);
    start = end;
  }
}

/** Ranks from 1, [values]; those of equal values are their mean. */
export function averageRanks(values: Numbers): Float64Array {
  const order = ascending(values);
  const ranks = new Float64Array(values.length);
  eachTie(values, order, (start, end) => {
    for (const place of order.subarray(start, end)) ranks[place] = (start + 1 + end) / 2;
  });
  return ranks;
}

/** What the order by score of two classes, or of one against the rest, is worth. */
export interface RankingMetrics {
  /** null without a positive or a negative. */
  readonly rocAuc: number | null;
  /** null without a positive. */
  readonly averagePrecision: number | null;
}

/**
 * Both metrics of one order, [rows], which is sorted once.
 *
 * The area under the ROC curve: the share of pairs of a positive and a negative that stand in the right order, ties half
 * (Hanley and McNeil, Radiology 143, 1982). Average precision: the sum over thresholds of the precision there times the
 * recall gained, not interpolated, as scikit-learn defines it.
 */
export function rankingMetrics(scores: Numbers, isPositive: (row: number) => boolean): RankingMetrics {
  const order = ascending(scores).reverse();
  let positives = 0;
  let rankSum = 0;
  let precisions = 0;
  eachTie(scores, order, (start, end) => {
    const gained = order.subarray(start, end).filter((row) => isPositive(row)).length;
    positives += gained;
    // Ranks from 1 at the least score; those of a tie are their mean.
    rankSum += gained * (order.length - (start + end - 1) / 2);
    precisions += (gained * positives) / end;
  });
  const negatives = order.length - positives;
  const rightPairs = rankSum - (positives * (positives + 1)) / 2;
  return {
    rocAuc: positives === 0 || negatives === 0 ? null : rightPairs / (positives * negatives),
    averagePrecision: positives === 0 ? null : precisions / positives,
  };
}
