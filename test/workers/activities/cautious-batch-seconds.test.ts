// The time that a batch may take before it has been timed.
import { describe, expect, it } from 'vitest';
import {
  cautiousBatchSeconds,
  trainingOperations,
} from '../../../workers/activities/cautious-batch-seconds.ts';
import { tinyConfig } from '../../training/tiny-task.ts';

const base = { ...tinyConfig, layers: 12, hiddenSize: 768, intermediateSize: 3072, maxPositions: 512 };
const seconds = (changes: Partial<typeof base>, tokens: number): number =>
  cautiousBatchSeconds(
    { config: { ...base, ...changes }, head: { task: 'classification', labelCount: 2 } },
    tokens,
    trainingOperations,
  );

describe('the cautious time of a batch', () => {
  it('is that of its multiplications on top of what the parameters take', () => {
    const multiplied = 12 * (4 * 768 ** 2 + 2 * 768 * 3072);
    expect(seconds({}, 4096) - seconds({}, 0)).toBeCloseTo((6 * multiplied * 4096) / 40e9, 6);
  });

  it('grows with the embeddings, which no token is multiplied with', () => {
    const more = seconds({ vocabularySize: 1_000_000 }, 64) - seconds({ vocabularySize: 0 }, 64);
    expect(more).toBeCloseTo((1_000_000 * 768 * 12 * 6) / 1e9, 6);
  });
});
