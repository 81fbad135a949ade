// The learning rate of each step, and what an optimizer makes of it outside the graph.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../../src/training/job.ts';
import { adamw } from '../../../src/training/optimizer/adamw.ts';
import { learningRateAt, warmupSteps } from '../../../src/training/optimizer/schedule.ts';
import { sgd } from '../../../src/training/optimizer/sgd.ts';

function linear(index: number, total: number, learningRate: number, warmupRatio: number): number {
  const recipe = { learningRate, schedule: 'linear', warmupSteps: null, warmupRatio } as const;
  return learningRateAt(recipe, index, total);
}

describe('the linear schedule', () => {
  it('rises from 0 over the warmup and falls to almost 0 at the last step', () => {
    const rates = Array.from({ length: 10 }, (_, index) => linear(index, 10, 8, 0.2));
    expect(rates).toEqual([0, 4, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('starts with the full rate when there is no warmup', () => {
    expect(linear(0, 32, 5e-5, 0)).toBe(5e-5);
    expect(linear(31, 32, 5e-5, 0)).toBeCloseTo(5e-5 / 32, 15);
  });

  it('rounds the warmup up to whole steps', () => {
    expect(linear(1, 11, 1, 0.1)).toBe(0.5);
  });

  it('stays finite when all steps are warmup, or there is one step', () => {
    expect(linear(3, 4, 1, 1)).toBe(0.75);
    expect(linear(0, 1, 1, 0)).toBe(1);
  });
});

interface StoredSchedule {
  readonly schedule: Schedule;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly rates: number[];
}

const { schedules } = JSON.parse(
  readFileSync(new URL('../../reference/recipes.json', import.meta.url), 'utf8'),
) as { schedules: StoredSchedule[] };

describe.each(schedules)(
  'the $schedule schedule from $learningRate with $warmupSteps steps of warmup',
  ({ rates, ...recipe }) => {
    it('has the rate of transformers at each step', () => {
      rates.forEach((rate, index) => {
        const actual = learningRateAt({ ...recipe, warmupRatio: 0 }, index, rates.length);
        expect(Math.abs(actual - rate)).toBeLessThanOrEqual(1e-12 * recipe.learningRate);
      });
    });
  },
);

describe('the warmup', () => {
  const recipe = { learningRate: 1, schedule: 'constant' as Schedule, warmupRatio: 0.5 };

  it('takes the number of steps that is given, whatever the ratio', () => {
    expect(warmupSteps({ ...recipe, warmupSteps: 3 }, 100)).toBe(3);
    expect(warmupSteps({ ...recipe, warmupSteps: 0 }, 100)).toBe(0);
    expect(warmupSteps({ ...recipe, warmupSteps: null }, 100)).toBe(50);
  });

  it('is the same straight rise whatever follows', () => {
    for (const schedule of ['linear', 'cosine', 'polynomial', 'constant', 'inverseSquareRoot'] as const) {
      const rates = [0, 1, 2, 3, 4].map((index) =>
        learningRateAt({ ...recipe, schedule, warmupSteps: 4 }, index, 20),
      );
      expect(rates).toEqual([0, 0.25, 0.5, 0.75, 1]);
    }
  });
});

describe('the factors of a step of AdamW', () => {
  it('give the update of the textbook formula', () => {
    for (const t of [1, 2, 10, 1000]) {
      const [decay, stepSize, epsilon] = adamw.factors(t, 3e-4, 0.01);
      const [m, v] = [0.02, 0.0009];
      const textbook = ((3e-4 / (1 - 0.9 ** t)) * m) / (Math.sqrt(v) / Math.sqrt(1 - 0.999 ** t) + 1e-8);
      // The second moment is kept in units of (1 - 0.999) / (1 - 0.9)^2.
      const kept = (v * (1 - 0.9) ** 2) / (1 - 0.999);
      expect((stepSize! * m) / (Math.sqrt(kept) + epsilon!)).toBeCloseTo(textbook, 12);
      expect(decay).toBe(1 - 3e-6);
    }
  });
});

describe('a word that is not in use', () => {
  it('only decays with AdamW', () => {
    const before = { scale: 0.5, momentum: 0 };
    expect(adamw.decayUnused(before, 0.1, 0.2)).toEqual({ scale: 0.5 * (1 - 0.02), momentum: 0 });
    expect(adamw.decayUnused(before, 0.1, 0)).toEqual(before);
  });

  it('decays by way of the momentum with SGD', () => {
    const once = sgd.decayUnused({ scale: 1, momentum: 0 }, 0.1, 0.2);
    expect(once).toEqual({ scale: 1 - 0.1 * 0.2, momentum: 0.2 });
    const twice = sgd.decayUnused(once, 0.1, 0.2);
    expect(twice.momentum).toBeCloseTo(0.9 * 0.2 + 0.2 * 0.98, 15);
    expect(twice.scale).toBeCloseTo(0.98 - 0.1 * twice.momentum, 15);
    expect(sgd.decayUnused({ scale: 1, momentum: 0 }, 0.1, 0)).toEqual({ scale: 1, momentum: 0 });
  });
});
