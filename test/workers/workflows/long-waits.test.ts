// Waits for what is away: they grow, end for whoever needs that, and go on in a new run before a history becomes too long.
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { childWorkflowId, signalNames, taskQueues, workflowNames } from '../../../src/experiment/name.ts';
import { readHistories } from '../../../src/temporal/history.ts';
import { WorkflowFactsReader } from '../../../src/temporal/workflow-facts.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { record } from './record-history.ts';
import { makeHistoryLong, runScenario, statesOf, untilCancelled } from './workflow-harness.ts';

const searchedState = { name: 'ExperimentState', type: 'KEYWORD' } as const;

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal({ suggestsNewRuns: true, searchAttributes: [searchedState.name] });
});
afterAll(() => temporal.stop());

const snapshot = { sha256: 'sha256:s', totalSteps: 10, stepSeconds: 0.1, evaluationBatchSeconds: 0.1 };
const evaluation = { evaluationSha256: 'sha256:evaluation' };
const away = (): ApplicationFailure => ApplicationFailure.retryable('It is away.', 'storage_unavailable');
const stopping = (): ApplicationFailure => ApplicationFailure.retryable('It stops.', 'worker_stopping');
const runIdNow = (): string => Context.current().info.workflowExecution?.runId ?? '';

/** The timers of a workflow's latest run so far, seconds each. */
async function timersOf(workflowId: string): Promise<readonly number[]> {
  const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
    timer ? [Number(timer.startToFireTimeout?.seconds ?? 0)] : [],
  );
}

/** Starts a child as its coordinator would after nine attempts in a row for which something was away. */
function startWaiting(name: string, workflowId: string, experimentId: string): Promise<WorkflowHandle> {
  const progress = { attempts: 9, latestCheckpoint: null, fruitlessAttempts: 0, longestRunSeconds: null };
  const carried = { fruitless: 0, away: 9, ...progress, awayAttempts: 9 };
  return temporal.client.workflow.start(name, {
    workflowId,
    taskQueue: taskQueues.coordinator,
    args: [{ projectId: 'default', experimentId, snapshot, carried }],
  });
}

describe('the wait for what is away', () => {
  it('grows with each attempt in a row, and is short again after one that met something else', async () => {
    const failures = [away, away, away, stopping, away];
    const evaluateBert = () => {
      const failure = failures.shift();
      if (failure) throw failure();
      return Promise.resolve(evaluation);
    };
    await runScenario(temporal, { evaluateBert }, async ({ handle }) => {
      expect(await handle.result()).toMatchObject({ state: 'succeeded' });
      expect(await timersOf(childWorkflowId.evaluation(handle.workflowId))).toEqual([2, 4, 8, 2, 2]);
    });
  }, 60_000);

  it('is at most half a minute, and ends at once for a cancellation', async () => {
    const evaluateBert = () => Promise.reject(away());
    await runScenario(temporal, { evaluateBert }, async ({ handle }) => {
      await handle.terminate();
      const waiting = await startWaiting(workflowNames.evaluation, 'waiting-evaluation', 'exp_none');
      await vi.waitFor(async () => expect(await timersOf(waiting.workflowId)).toEqual([30]), 10_000);
      await waiting.cancel();
      await expect(waiting.result()).rejects.toThrow();
      expect((await waiting.describe()).status.name).toBe('CANCELLED');
    });
  });

  it('ends at once for a pause of training', async () => {
    const fineTuneBert = () => Promise.reject(away());
    await runScenario(temporal, { fineTuneBert }, async ({ handle }) => {
      await handle.terminate();
      const waiting = await startWaiting(workflowNames.training, 'waiting-training', 'exp_none');
      await vi.waitFor(async () => expect(await timersOf(waiting.workflowId)).toEqual([30]), 10_000);
      await waiting.signal(signalNames.pause);
      expect(await waiting.result()).toMatchObject({ outcome: 'paused', attempts: 10, awayAttempts: 10 });
    });
  });
});

describe('preparing that has become long', () => {
  it('goes on in a new run, which knows what was asked for, what time is left and what was recorded', async () => {
    const runs = new Set<string>();
    const attempts = { count: 0 };
    let end: () => void = () => undefined;
    const mayEnd = new Promise<void>((resolve) => (end = resolve));
    const snapshotDataset = async () => {
      attempts.count += 1;
      runs.add(runIdNow());
      if (attempts.count === 2) await makeHistoryLong(temporal);
      if (attempts.count <= 2) throw away();
      await mayEnd;
      return snapshot;
    };
    await runScenario(
      temporal,
      { snapshotDataset },
      async (scenario) => {
        const { handle } = scenario;
        await vi.waitFor(() => expect(attempts.count).toBeGreaterThan(0), 10_000);
        for (const [name, order] of [
          ['pause', 11],
          ['resume', 12],
          ['pause', 13],
        ] as const)
          await handle.signal(signalNames[name], order);
        await vi.waitFor(() => expect(attempts.count).toBe(3), 20_000);
        expect(runs.size).toBe(2);
        // What was delivered before comes late: it changes nothing.
        await handle.signal(signalNames.resume, 12);
        const [limitSeconds] = await timersOf(handle.workflowId);
        expect(limitSeconds).toBeLessThan(600);
        expect(limitSeconds).toBeGreaterThan(500);
        const facts = new WorkflowFactsReader(temporal.client);
        expect(await facts.factsOf(handle.workflowId)).toMatchObject({
          status: 'running',
          recorded: { sequence: 1, hasSnapshot: false },
        });
        end();
        const passed = ['preparing', 'training', 'paused', 'training', 'paused'];
        await vi.waitFor(() => expect(statesOf(scenario)).toEqual(passed), 10_000);
        await handle.signal(signalNames.resume, 14);
        expect(await handle.result()).toMatchObject({ state: 'succeeded' });
        expect(scenario.transitions.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
        const { typedSearchAttributes } = await handle.describe();
        expect(typedSearchAttributes.get(searchedState)).toBe('succeeded');
        const histories = await readHistories(temporal.client, handle.workflowId);
        expect(typeof histories === 'object' && histories.workflows[handle.workflowId]).toHaveLength(2);
        await record('preparing-continued', temporal, handle.workflowId);
      },
      {
        durationSeconds: 600,
        orderNumber: 10,
        typedSearchAttributes: new TypedSearchAttributes([{ key: searchedState, value: 'queued' }]),
      },
    );
  }, 60_000);

  it('counts fruitless attempts on', async () => {
    const attempts = { count: 0 };
    const snapshotDataset = async (): Promise<never> => {
      attempts.count += 1;
      if (attempts.count === 5) await makeHistoryLong(temporal);
      throw ApplicationFailure.retryable('The disk failed.', 'internal');
    };
    await runScenario(temporal, { snapshotDataset }, async (scenario) => {
      expect(await scenario.handle.result()).toEqual({ state: 'failed', code: 'no_progress' });
      expect(attempts.count).toBe(10);
      expect(statesOf(scenario)).toEqual(['preparing', 'failed']);
    });
  }, 60_000);

  it.each([
    [
      'a cancellation',
      'cancelled',
      async (id: string) => {
        await temporal.client.workflow.getHandle(id).signal(signalNames.cancel);
      },
      undefined,
    ],
    ['its limit of duration', 'failed', () => Promise.resolve(), 12],
  ] as const)('ends through %s also in its next run', async (_, state, stop, durationSeconds) => {
    const runs = new Set<string>();
    const snapshotDataset = async (): Promise<never> => {
      runs.add(runIdNow());
      if (runs.size === 1) await makeHistoryLong(temporal);
      throw away();
    };
    await runScenario(
      temporal,
      { snapshotDataset },
      async ({ handle }) => {
        await vi.waitFor(() => expect(runs.size).toBe(2), 15_000);
        await stop(handle.workflowId);
        expect(await handle.result()).toMatchObject({ state });
      },
      durationSeconds === undefined ? {} : { durationSeconds },
    );
  });
});

describe('training that has become long', () => {
  it('ends through a cancellation also where its attempt is handed back meanwhile', async () => {
    const attempts = { count: 0, isLong: false };
    const fineTuneBert = async () => {
      attempts.count += 1;
      if (attempts.count > 1)
        return { outcome: 'completed' as const, checkpoint: { step: 10, id: 'sha256:10' } };
      await makeHistoryLong(temporal);
      attempts.isLong = true;
      await untilCancelled().catch(() => undefined);
      return { outcome: 'handedBack' as const, checkpoint: { step: 1, id: 'sha256:1' } };
    };
    await runScenario(temporal, { fineTuneBert }, async ({ handle }) => {
      await vi.waitFor(() => expect(attempts.isLong).toBe(true), 15_000);
      await handle.signal(signalNames.cancel);
      expect(await handle.result()).toMatchObject({ state: 'cancelled' });
      expect(attempts.count).toBe(1);
    });
  }, 60_000);
});

describe('an evaluation that has become long', () => {
  it('goes on in a new run, and its coordinator waits for that', async () => {
    const runs = new Set<string>();
    const attempts = { count: 0 };
    const evaluateBert = async () => {
      attempts.count += 1;
      runs.add(runIdNow());
      if (attempts.count === 2) await makeHistoryLong(temporal);
      if (attempts.count <= 2) throw away();
      return evaluation;
    };
    await runScenario(temporal, { evaluateBert }, async ({ handle }) => {
      expect(await handle.result()).toMatchObject({ state: 'succeeded' });
      expect({ attempts: attempts.count, runs: runs.size }).toEqual({ attempts: 3, runs: 2 });
      await record('evaluation-continued', temporal, handle.workflowId);
    });
  }, 60_000);
});
