// The learning rate of each step.
import { describe, expect, it } from 'vitest';
import { stepFactors } from '../../../src/training/optimizer/adamw.ts';
import { linearSchedule } from '../../../src/training/optimizer/schedule.ts';

describe('the linear schedule', () => {
  it('rises from 0 over the warmup and falls to almost 0 at the last step', () => {
    const rates = Array.from({ length: 10 }, (_, index) => linearSchedule(index, 10, 8, 0.2));
    expect(rates).toEqual([0, 4, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('starts with the full rate when there is no warmup', () => {
    expect(linearSchedule(0, 32, 5e-5, 0)).toBe(5e-5);
    expect(linearSchedule(31, 32, 5e-5, 0)).toBeCloseTo(5e-5 / 32, 15);
  });

  it('rounds the warmup up to whole steps', () => {
    expect(linearSchedule(1, 11, 1, 0.1)).toBe(0.5);
  });

  it('stays finite when all steps are warmup, or there is one step', () => {
    expect(linearSchedule(3, 4, 1, 1)).toBe(0.75);
    expect(linearSchedule(0, 1, 1, 0)).toBe(1);
  });
});

describe('the factors of a step', () => {
  it('give the update of the textbook formula', () => {
    for (const t of [1, 2, 10, 1000]) {
      const { decay, stepSize, epsilon } = stepFactors(t, 3e-4, 0.01);
      const [m, v] = [0.02, 0.0009];
      const textbook = ((3e-4 / (1 - 0.9 ** t)) * m) / (Math.sqrt(v) / Math.sqrt(1 - 0.999 ** t) + 1e-8);
      expect((stepSize * m) / (Math.sqrt(v) + epsilon)).toBeCloseTo(textbook, 12);
      expect(decay).toBe(1 - 3e-6);
    }
  });
});
