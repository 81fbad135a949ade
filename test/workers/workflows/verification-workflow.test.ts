// The workflow of one verification, with activities whose behaviour the test decides; records its histories.
import { ApplicationFailure, Context } from '@temporalio/activity';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type {
  CoordinatorVerificationActivities,
  TrainingVerificationActivities,
} from '../../../src/experiment/activity.ts';
import { taskQueues, workerLost, workflowNames } from '../../../src/experiment/name.ts';
import { agrees } from '../../../src/experiment/verification.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { record } from './record-history.ts';
import { makeHistoryLong, workflowBundle } from './workflow-harness.ts';

type Recorded = Parameters<CoordinatorVerificationActivities['recordVerdict']>[0];

const input = {
  projectId: 'default',
  experimentId: 'exp_1',
  verificationId: 'ver_1',
  fromStep: 1,
  toStep: 9,
};

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal({ suggestsNewRuns: true });
});
afterAll(() => temporal.stop());

/** Runs the workflow to its end, and records it under `name` unless told otherwise. @returns what was noted of it. */
async function run(
  name: string,
  verifySteps: TrainingVerificationActivities['verifySteps'],
  isRecorded = true,
): Promise<Recorded[]> {
  const { client, connection } = temporal;
  const noted: Recorded[] = [];
  const recordVerdict = (verdict: Recorded): Promise<void> => {
    noted.push(verdict);
    return Promise.resolve();
  };
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: taskQueues.coordinator,
      workflowBundle,
      activities: { recordVerdict },
    }),
    Worker.create({ connection, taskQueue: taskQueues.training, activities: { verifySteps } }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    const handle = await client.workflow.start(workflowNames.verification, {
      workflowId: name,
      taskQueue: taskQueues.coordinator,
      args: [input],
    });
    await handle.result();
    if (isRecorded) await record(name, temporal, name);
    return noted;
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
  }
}

it('notes what the worker found, after one that was lost', async () => {
  let attempts = 0;
  const verify = () => {
    attempts += 1;
    if (attempts === 1) throw ApplicationFailure.retryable('The worker stops.', 'worker_stopping');
    return Promise.resolve({ verdict: agrees, host: 'host' });
  };
  expect(await run('verified', verify)).toEqual([{ ...input, verdict: agrees, host: 'host' }]);
});

it('outlives any number of faults that say nothing about it, and decides', async () => {
  let attempts = 0;
  const verify = () => {
    attempts += 1;
    if (attempts <= 12) throw ApplicationFailure.retryable('The worker stops.', 'worker_stopping');
    return Promise.resolve({ verdict: agrees, host: 'host' });
  };
  expect(await run('verification-retried', verify)).toEqual([{ ...input, verdict: agrees, host: 'host' }]);
  expect(attempts).toBe(13);
}, 60_000);

it('is undecided after ten faults that count, others left out, and says which was the last', async () => {
  let attempts = 0;
  const fail = (): Promise<never> => {
    attempts += 1;
    if (attempts === 5) throw ApplicationFailure.retryable('It is away.', 'storage_unavailable');
    if (attempts < 11) throw ApplicationFailure.retryable('The worker died.', workerLost);
    throw ApplicationFailure.retryable('The engine failed.', 'engine_failed');
  };
  const [noted] = await run('verification-given-up', fail);
  expect(noted).toMatchObject({ host: null, verdict: { state: 'undecided' } });
  expect(noted?.verdict.reason).toContain('no_progress: 10 attempts in a row');
  expect(noted?.verdict.reason).toContain('engine_failed: The engine failed.');
  expect(attempts).toBe(11);
});

it('goes on in a new run where its history has become long, and counts on', async () => {
  const runs = new Set<string>();
  let attempts = 0;
  const verify = async (): Promise<never> => {
    attempts += 1;
    runs.add(Context.current().info.workflowExecution?.runId ?? '');
    if (attempts !== 5) throw ApplicationFailure.retryable('The worker died.', workerLost);
    await makeHistoryLong(temporal);
    throw ApplicationFailure.retryable('The worker stops.', 'worker_stopping');
  };
  const [noted] = await run('verification-continued', verify, false);
  expect(noted?.verdict.reason).toContain('no_progress: 10 attempts in a row');
  expect({ attempts, runs: runs.size }).toEqual({ attempts: 11, runs: 2 });
});

it('is undecided where it cannot be computed, and says why', async () => {
  const fail = (): Promise<never> => {
    throw ApplicationFailure.nonRetryable('There is none.', 'no_checkpoint');
  };
  const [noted] = await run('verification-undecided', fail);
  expect(noted).toMatchObject({ host: null, verdict: { state: 'undecided' } });
  expect(noted?.verdict.reason).toContain('no_checkpoint: There is none.');
});
