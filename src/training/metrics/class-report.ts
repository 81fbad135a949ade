// Precision, recall and F1 from counts, and their averages.
import { ratio, sum } from './arithmetic.ts';

export interface ClassMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** How often this is the label. */
  readonly support: number;
}

export interface ClassCounts {
  /** Label and prediction. */
  readonly hits: number;
  readonly predicted: number;
  readonly support: number;
}

/** Precision = hits / predicted, recall = hits / support, F1 = their harmonic mean; each 0 where it would be 0/0. */
export function classMetrics({ hits, predicted, support }: ClassCounts): ClassMetrics {
  return {
    precision: ratio(hits, predicted),
    recall: ratio(hits, support),
    f1: ratio(2 * hits, support + predicted),
    support,
  };
}

/** All counts together: the micro average is the metric of this. */
export function pooled(counts: readonly ClassCounts[]): ClassCounts {
  return {
    hits: sum(counts.map(({ hits }) => hits)),
    predicted: sum(counts.map(({ predicted }) => predicted)),
    support: sum(counts.map(({ support }) => support)),
  };
}

/** The mean F1. */
export function macroF1(counts: readonly ClassCounts[]): number {
  return ratio(sum(counts.map((each) => classMetrics(each).f1)), counts.length);
}

/** The mean F1, weighted by support. */
export function weightedF1(counts: readonly ClassCounts[]): number {
  return ratio(sum(counts.map((each) => classMetrics(each).f1 * each.support)), pooled(counts).support);
}

/** Those that occur among labels or predictions: scikit-learn averages over these when classes exclude each other. */
export function present(counts: readonly ClassCounts[]): ClassCounts[] {
  return counts.filter(({ support, predicted }) => support + predicted > 0);
}
