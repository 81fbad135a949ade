// The recorder writes steps in time for their readers, and outlasts a database that is away.
import { describe, expect, it, vi } from 'vitest';
import type { LedgerRepository } from '../../../src/database/ledger-repository.ts';
import { CodedError } from '../../../src/error.ts';
import { emptyLedgerHash } from '../../../src/storage/ledger-hash.ts';
import type { StepRecord } from '../../../src/training/job.ts';
import { StepRecorder } from '../../../workers/attempt/step-recorder.ts';
import { noTimes } from '../../database/fixture.ts';

function recorder(failures = 0, mostSeconds = 60) {
  const written: number[] = [];
  let left = failures;
  const ledger = {
    recordSteps: (_holder: unknown, { steps }: { steps: readonly StepRecord[] }) => {
      left -= 1;
      if (left >= 0) return Promise.reject(new CodedError('database_unavailable', 'No answer.'));
      written.push(...steps.map(({ step }) => step));
      return Promise.resolve();
    },
  };
  const heartbeat = vi.fn();
  const steps = new StepRecorder({
    ledger: ledger as unknown as LedgerRepository,
    holder: { projectId: 'default', experimentId: 'exp_1', lease: 1, token: '' },
    totalSteps: 100,
    stepsAnEpoch: 10,
    start: { steps: 0, sha256: emptyLedgerHash },
    patience: {
      heartbeat,
      pause: () => Promise.resolve(),
      stopping: new AbortController().signal,
      mostSeconds,
    },
    times: () => noTimes,
  });
  return { steps, written, heartbeat };
}

const stepOf = (step: number): StepRecord => ({
  step,
  lossBits: 0,
  gradientNormBits: 0,
  learningRate: 1e-3,
  examples: 8,
  tokens: 80,
});

describe('the recorder of steps', () => {
  it('gathers the steps of short runs and writes those of long ones at once', async () => {
    const { steps, written } = recorder();
    await steps.add([stepOf(1)], 0.001);
    expect(written).toEqual([1]);
    await steps.add([stepOf(2)], 0.001);
    expect(written).toEqual([1]);
    await steps.add([stepOf(3)], 0.6);
    expect(written).toEqual([1, 2, 3]);
  });

  it('writes every step once after an outage, with heartbeats while it waits', async () => {
    const { steps, written, heartbeat } = recorder(3);
    await steps.add([stepOf(1), stepOf(2)], 1);
    expect(written).toEqual([1, 2]);
    expect(heartbeat).toHaveBeenCalledTimes(3);
  });

  it('fails when the outage is too long, and keeps the steps', async () => {
    const { steps, written } = recorder(1, 0);
    await expect(steps.add([stepOf(1)], 1)).rejects.toMatchObject({ code: 'database_unavailable' });
    await steps.flush();
    expect(written).toEqual([1]);
  });
});
