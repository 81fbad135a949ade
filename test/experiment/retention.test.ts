// Which checkpoints stay when another one is committed.
import { describe, expect, it } from 'vitest';
import { retentionOf, stepsToRemove } from '../../src/experiment/retention.ts';

const plain = (...steps: number[]) => steps.map((step) => ({ step, needsSteps: [] as number[] }));
const none = new Set<number>();

describe('retention', () => {
  it('keeps the last checkpoints and removes the others', () => {
    expect(stepsToRemove(plain(10, 20, 30, 40), 40, 3, none)).toEqual([10]);
    expect(stepsToRemove(plain(10, 20, 30, 40), 40, 1, none)).toEqual([10, 20, 30]);
    expect(stepsToRemove(plain(10, 20), 20, 3, none)).toEqual([]);
  });

  it('keeps what a kept checkpoint needs, and what that needs', () => {
    const rows = [
      { step: 5, needsSteps: [] },
      { step: 10, needsSteps: [] },
      { step: 20, needsSteps: [5] },
      { step: 30, needsSteps: [20] },
      { step: 40, needsSteps: [20] },
    ];
    expect(stepsToRemove(rows, 40, 1, none)).toEqual([10, 30]);
  });

  it('keeps what another experiment needs', () => {
    expect(stepsToRemove(plain(10, 20, 30), 30, 1, new Set([10]))).toEqual([20]);
  });

  it('does not count checkpoints after the committed one, which are broken, and leaves them', () => {
    expect(stepsToRemove(plain(10, 20, 100), 20, 1, none)).toEqual([10]);
    expect(stepsToRemove(plain(10, 20, 100), 20, 2, none)).toEqual([]);
  });

  it('needs the best checkpoint where it is asked for, or is the result, and the last one of the phase before', () => {
    const settings = (keepBest: boolean, earlyStopping: object | null) => ({
      checkpoint: { keepLast: 2, keepBest },
      earlyStopping,
    });
    expect(retentionOf(settings(true, null), 7, 0)).toEqual({ keepLast: 2, needsSteps: [7] });
    expect(retentionOf(settings(false, null), 7, 4)).toEqual({ keepLast: 2, needsSteps: [4] });
    expect(retentionOf(settings(false, { patience: 1 }), 7, 4).needsSteps).toEqual([7, 4]);
    expect(retentionOf(settings(true, null), undefined, 0).needsSteps).toEqual([]);
  });
});
