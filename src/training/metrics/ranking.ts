// Metrics of an order by score: of two classes, or of one against the rest. Each takes O(n log n) at most.
import type { Numbers } from './probabilities.ts';

/** Places of the values from the least to the greatest. */
function ascending(values: Numbers): Int32Array {
  return Int32Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
}

/** Ranks from 1, [values]; those of equal values are their mean. */
export function averageRanks(values: Numbers): Float64Array {
  const order = ascending(values);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    const value = values[order[start] ?? 0];
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === value) end += 1;
    for (const place of order.subarray(start, end)) ranks[place] = (start + 1 + end) / 2;
    start = end;
  }
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
 * Both metrics of one order, [rows]. Only the positives are sorted, which are few where there are many classes; each of the others
 * is counted between two of them.
 *
 * The area under the ROC curve: the share of pairs of a positive and a negative that stand in the right order, ties half
 * (Hanley and McNeil, Radiology 143, 1982). Average precision: the sum over thresholds of the precision there times the
 * recall gained, not interpolated, as scikit-learn defines it.
 */
export function rankingMetrics(scores: Numbers, isPositive: (row: number) => boolean): RankingMetrics {
  const positiveScores = Float64Array.from(scores.filter((_, row) => isPositive(row))).sort();
  const thresholds = positiveScores.filter((score, place) => score !== positiveScores[place - 1]);
  const gains = new Int32Array(thresholds.length);
  /** Rows with the score of a threshold. */
  const ties = new Int32Array(thresholds.length);
  /** Rows with a score between a threshold and the one above. */
  const between = new Int32Array(thresholds.length);
  scores.forEach((score, row) => {
    const place = lastNotAbove(thresholds, score);
    if (place < 0) return;
    const counts = thresholds[place] === score ? ties : between;
    counts[place] = (counts[place] ?? 0) + 1;
    if (isPositive(row)) gains[place] = (gains[place] ?? 0) + 1;
  });
  let [positives, rankSum, precisions, end] = [0, 0, 0, 0];
  for (let place = thresholds.length - 1; place >= 0; place--) {
    const start = end + (between[place] ?? 0);
    end = start + (ties[place] ?? 0);
    const gained = gains[place] ?? 0;
    positives += gained;
    // Ranks from 1 at the least score; those of a tie are their mean.
    rankSum += gained * (scores.length - (start + end - 1) / 2);
    precisions += (gained * positives) / end;
  }
  const negatives = scores.length - positives;
  const rightPairs = rankSum - (positives * (positives + 1)) / 2;
  return {
    rocAuc: positives === 0 || negatives === 0 ? null : rightPairs / (positives * negatives),
    averagePrecision: positives === 0 ? null : precisions / positives,
  };
}

/** The last place in ascending values whose value is not above another; -1 where all are. */
function lastNotAbove(values: Float64Array, other: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? NaN) <= other) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
