// One attempt at training with the real engine and store: what is kept, and how it ends when it may not go on.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CancelledFailure } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Repositories } from '../../../src/database/repositories.ts';
import { CodedError } from '../../../src/error.ts';
import type { FineTuneResult } from '../../../src/experiment/activity.ts';
import { CheckpointStore } from '../../../src/storage/checkpoint-store.ts';
import { emptyLedgerHash } from '../../../src/storage/ledger-hash.ts';
import { projectBlobs } from '../../../src/storage/project-blobs.ts';
import type { TrainingJob } from '../../../src/training/job.ts';
import { TrainingAttempt } from '../../../workers/attempt/training-attempt.ts';
import { openDirectory, type TestStore } from '../../storage/stores.ts';
import { tinyJob } from '../../training/tiny-task.ts';
import { manifestFrame } from '../preparation/manifest-frame.ts';

const holder = { projectId: 'default', experimentId: 'exp_1', lease: 1, token: '' };
const away = new CodedError('database_unavailable', 'The database does not answer.');

let opened: TestStore;
beforeAll(async () => {
  opened = await openDirectory();
});
afterAll(() => opened.close());

/** An attempt at a tiny job whose database notes what it is given. */
function attempt(job: TrainingJob, { onSteps = () => undefined }: { onSteps?: () => void } = {}) {
  const stopping = new AbortController();
  const activity = new MockActivityEnvironment(
    { heartbeatTimeoutMs: 60_000 },
    { logger: new DefaultLogger('ERROR') },
  );
  const steps: number[] = [];
  const checkpoints: number[] = [];
  const endProcess = vi.fn();
  const repositories = {
    attempts: { setAttemptProfile: () => Promise.resolve({ segment: 0, recordedStep: 0 }) },
    ledger: {
      recordSteps(_holder: unknown, written: { steps: { step: number }[] }) {
        onSteps();
        steps.push(...written.steps.map(({ step }) => step));
        return Promise.resolve();
      },
    },
    pins: { forUpload: () => () => Promise.resolve() },
    calibrations: { record: () => Promise.resolve() },
    checkpoints: {
      commitCheckpoint(_holder: unknown, { step }: { step: number }) {
        checkpoints.push(step);
        return Promise.resolve();
      },
    },
  };
  const dependencies = {
    repositories: repositories as unknown as Repositories,
    store: opened.store,
    temporal: {
      workflow: { getHandle: () => ({ signal: () => Promise.resolve() }) },
      withDeadline: (_deadline: number, work: () => Promise<void>) => work(),
    } as unknown as Client,
    config: {
      executionProvider: 'cpu' as const,
      executionDevice: 0,
      graphCacheDirectory: join(tmpdir(), 'graphs-of-tests'),
      trainingThreads: 1,
      hub: { url: 'http://127.0.0.1:9', token: null },
      limits: { datasetBytes: 1e9, modelBytes: 1e9 },
    },
    host: 'host',
    stopping: stopping.signal,
    endProcess,
    log: pino({ level: 'silent' }),
  };
  const prepared = {
    job,
    exampleCount: 61,
    totalSteps: 8 * job.recipe.epochs,
    resumedFrom: null,
    ledger: { steps: 0, sha256: emptyLedgerHash },
    blobs: projectBlobs(opened.store, 'default'),
    manifests: new CheckpointStore(opened.store, 'default'),
    frame: manifestFrame('exp_1'),
    isLast: true,
    retention: {
      settings: { checkpoint: { keepLast: 3, keepBest: true }, earlyStopping: null },
      firstStep: 0,
    },
    isComplete: false,
  };
  const run = (): Promise<FineTuneResult> =>
    activity.run((): Promise<FineTuneResult> =>
      new TrainingAttempt(dependencies, holder, prepared, activity.context).run(),
    );
  return { activity, stopping, steps, checkpoints, endProcess, run };
}

const longJob = (): TrainingJob => {
  const job = tinyJob();
  return { ...job, recipe: { ...job.recipe, epochs: 500 } };
};

describe('an attempt at training', () => {
  it('records every step and commits the last one', async () => {
    const { run, steps, checkpoints, endProcess } = attempt(tinyJob());
    expect(await run()).toMatchObject({ outcome: 'completed', checkpoint: { step: 24 } });
    expect(steps).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
    expect(checkpoints).toEqual([24]);
    expect(endProcess).not.toHaveBeenCalled();
  });

  it('hands back what it has when its worker stops, also when the stop ends as a cancellation', async () => {
    const { run, activity, stopping, steps, checkpoints } = attempt(longJob(), {
      onSteps() {
        stopping.abort();
        activity.cancel('WORKER_SHUTDOWN');
      },
    });
    const { outcome, checkpoint } = await run();
    expect(outcome).toBe('handedBack');
    expect(checkpoint?.step).toBe(steps.at(-1));
    expect(checkpoints).toEqual([steps.at(-1)]);
  });

  it('keeps its last steps when it is cancelled', async () => {
    const { run, activity, steps, checkpoints } = attempt(longJob(), {
      onSteps: () => activity.cancel('CANCELLED'),
    });
    await expect(run()).rejects.toBeInstanceOf(CancelledFailure);
    expect(checkpoints).toEqual([steps.at(-1)]);
  });

  it('cancelled before its first step keeps nothing', async () => {
    const { run, activity, checkpoints } = attempt(tinyJob());
    activity.cancel('CANCELLED');
    await expect(run()).rejects.toBeInstanceOf(CancelledFailure);
    expect(checkpoints).toEqual([]);
  });

  it('goes on after a short outage of the database, with every step recorded once', async () => {
    let failures = 1;
    const { run, steps } = attempt(tinyJob(), {
      onSteps() {
        if (failures-- > 0) throw away;
      },
    });
    expect(await run()).toMatchObject({ outcome: 'completed' });
    expect(steps).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
  });
});
