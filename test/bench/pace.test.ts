import { describe, expect, it } from 'vitest';
import { median, quantile } from './distribution.ts';
import { paceOf } from './durability/pace.ts';

/** Seen steps, `[seconds, step, step of the latest checkpoint]` each. */
const seen = (...rows: readonly (readonly [number, number, number])[]) =>
  rows.map(([atSeconds, step, checkpointStep]) => ({ atSeconds, step, checkpointStep }));

describe('the pace of training', () => {
  it('is that of intervals without a checkpoint; what those after one take longer is its slowdown', () => {
    const pace = paceOf(seen([0, 0, 0], [2, 10, 0], [4, 20, 0], [4.1, 20, 20], [7, 30, 20], [9, 40, 20]));
    expect(pace).toMatchObject({ secondsPerStep: 0.2, checkpoints: 1, newSteps: 40, seconds: 9 });
    expect(pace.slowdownShare).toBeCloseTo(1 / 9);
  });

  it('counts steps once: what is repeated, and the time until then, is not useful', () => {
    const pace = paceOf(seen([0, 0, 0], [2, 10, 0], [4, 20, 10], [14, 15, 10], [16, 25, 10], [18, 35, 10]));
    expect(pace).toMatchObject({ secondsPerStep: 0.2, newSteps: 35, seconds: 18 });
    expect(pace.paceShare).toBeCloseTo((35 * 0.2) / 18);
  });
});

it('quantiles lie between neighbours', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5);
});
