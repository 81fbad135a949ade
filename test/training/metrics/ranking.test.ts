// The metrics of an order, beside their definitions: every pair counted, every threshold tried.
import { expect, it } from 'vitest';
import { rankingMetrics } from '../../../src/training/metrics/ranking.ts';

/** Whole numbers, so that many are equal. */
const scores = Float64Array.from({ length: 200 }, (_, row) => Math.floor(Math.abs(Math.sin(row) * 20)));
const isPositive = (row: number): boolean => row % 7 < 2;

const places = [...scores.keys()];
const positives = places.filter(isPositive);
const negatives = places.filter((row) => !isPositive(row));
const scoreOf = (row: number): number => scores[row] ?? NaN;

it('the area under the curve is the share of pairs in the right order, ties half', () => {
  let right = 0;
  for (const positive of positives)
    for (const negative of negatives) right += (Math.sign(scoreOf(positive) - scoreOf(negative)) + 1) / 2;
  const { rocAuc } = rankingMetrics(scores, isPositive);
  expect(rocAuc).toBeCloseTo(right / (positives.length * negatives.length), 14);
});

it('average precision is the precision at each threshold, weighted by the recall gained', () => {
  let [expected, recall] = [0, 0];
  for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
    const found = places.filter((row) => scoreOf(row) >= threshold);
    const hits = found.filter(isPositive).length;
    expected += (hits / found.length) * (hits / positives.length - recall);
    recall = hits / positives.length;
  }
  expect(rankingMetrics(scores, isPositive).averagePrecision).toBeCloseTo(expected, 14);
});

it('neither is defined without a positive, nor the area without a negative', () => {
  expect(rankingMetrics(scores, () => false)).toEqual({ rocAuc: null, averagePrecision: null });
  expect(rankingMetrics(scores, () => true)).toEqual({ rocAuc: null, averagePrecision: 1 });
});
