// Which examples make up which step.
import { describe, expect, it } from 'vitest';
import { BatchOrder, stepsPerEpoch, totalSteps } from '../../src/training/batch-order.ts';

const recipe = {
  epochs: 3,
  batchSize: 4,
  gradientAccumulation: 1,
  seeds: { head: 1, order: 8, dropout: 1 },
};

function epochOf(order: BatchOrder, epoch: number, steps = 3): number[][] {
  return Array.from({ length: steps }, (_, step) => [...order.examplesOf(epoch * steps + step)]);
}

describe('the order of batches', () => {
  it('takes every example once an epoch and keeps the last short batch', () => {
    const batches = epochOf(new BatchOrder(10, recipe), 1);
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
    expect(batches.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(totalSteps(10, recipe)).toBe(9);
  });

  it('is another in each epoch and for each seed of the order, and the same wherever a run begins', () => {
    const order = new BatchOrder(10, recipe);
    const [first, second] = [epochOf(order, 0), epochOf(order, 1)];
    expect(second).not.toEqual(first);
    expect(epochOf(new BatchOrder(10, recipe), 1)).toEqual(second);
    const seeds = (order: number) => ({ ...recipe, seeds: { head: 5, order, dropout: 6 } });
    expect(epochOf(new BatchOrder(10, seeds(9)), 0)).not.toEqual(first);
    expect(epochOf(new BatchOrder(10, seeds(8)), 0)).toEqual(first);
  });

  it('takes for a step what is accumulated, in the order in which single batches would come', () => {
    const accumulating = { ...recipe, batchSize: 2, gradientAccumulation: 2 };
    expect(stepsPerEpoch(10, accumulating)).toBe(3);
    expect(epochOf(new BatchOrder(10, accumulating), 0)).toEqual(epochOf(new BatchOrder(10, recipe), 0));
    const single = epochOf(new BatchOrder(10, { ...recipe, batchSize: 2 }), 0, 5);
    expect(epochOf(new BatchOrder(10, accumulating), 0).flat()).toEqual(single.flat());
  });
});
