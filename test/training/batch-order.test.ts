// Which examples make up which step, and how a batch is laid out.
import { describe, expect, it } from 'vitest';
import { BatchOrder, totalSteps } from '../../src/training/batch-order.ts';
import { checkExamples, collectBatch } from '../../src/training/batch.ts';
import { tinyConfig } from './tiny-task.ts';

describe('the order of batches', () => {
  const recipe = { epochs: 3, batchSize: 4, seed: 8 };
  const epochOf = (order: BatchOrder, epoch: number): number[][] =>
    [0, 1, 2].map((step) => [...order.examplesOf(epoch * 3 + step)]);

  it('takes every example once an epoch and keeps the last short batch', () => {
    const batches = epochOf(new BatchOrder(10, recipe), 1);
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
    expect(batches.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(totalSteps(10, recipe)).toBe(9);
  });

  it('is another in each epoch and for each seed, and the same wherever a run begins', () => {
    const order = new BatchOrder(10, recipe);
    const [first, second] = [epochOf(order, 0), epochOf(order, 1)];
    expect(second).not.toEqual(first);
    expect(epochOf(new BatchOrder(10, recipe), 1)).toEqual(second);
    expect(epochOf(new BatchOrder(10, { ...recipe, seed: 9 }), 0)).not.toEqual(first);
  });
});

describe('a batch', () => {
  const examples = { tokenIds: Int32Array.of(5, 6, 7, 8, 9, 4), offsets: Int32Array.of(0, 3, 5, 6) };

  it('is padded to its longest example, with padding masked', () => {
    const batch = collectBatch(examples, Int32Array.of(0, 1, 2), Int32Array.of(1, 2));
    expect(batch).toMatchObject({ size: 2, length: 2, tokens: 3 });
    expect([...batch.tokenIds]).toEqual([8, 9, 4, 0]);
    expect([...batch.keyBias]).toEqual([0, 0, 0, -1e9]);
    expect([...batch.labels]).toEqual([1, 2]);
  });

  it('is not made of examples that the model cannot take', () => {
    expect(() =>
      checkExamples(examples, { ...tinyConfig, maxPositions: 3, vocabularySize: 10 }),
    ).not.toThrow();
    expect(() => checkExamples(examples, { ...tinyConfig, maxPositions: 2 })).toThrow(
      expect.objectContaining({
        code: 'sequence_too_long',
        message: expect.stringContaining('Example 0') as string,
      }),
    );
    expect(() => checkExamples(examples, { ...tinyConfig, vocabularySize: 9 })).toThrow(
      expect.objectContaining({
        code: 'model_incompatible',
        message: expect.stringContaining('Example 1') as string,
      }),
    );
  });
});
