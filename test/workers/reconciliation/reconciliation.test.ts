// Rows, workflows and manifests that disagree, in a real database, Temporal and store: what is found, and what is mended.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExperimentReference } from '../../../src/experiment/activity.ts';
import { childWorkflowId, taskQueues, workflowNames } from '../../../src/experiment/name.ts';
import type { ExperimentState } from '../../../src/experiment/state.ts';
import { until } from '../../../src/local/until.ts';
import { DirectoryStore } from '../../../src/storage/directory-store.ts';
import {
  Reconciler,
  type ReconcilerDependencies,
  type ReportedDifference,
} from '../../../workers/reconciliation/reconciler.ts';
import { noTimes, profileOf, progressAt, stepsFrom, submit, useDatabase } from '../../database/fixture.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';

const opened = useDatabase();
let temporal: TestTemporal;
let directory: string;

beforeAll(async () => {
  temporal = await startTemporal();
  directory = await mkdtemp(join(tmpdir(), 'reconciliation-'));
});
afterAll(async () => {
  await temporal.stop();
  await rm(directory, { recursive: true });
});

function reconciler(changes: Partial<ReconcilerDependencies> = {}): Reconciler {
  return new Reconciler({
    repository: opened.repositories.reconciliation,
    verifications: opened.repositories.verifications,
    client: temporal.client,
    store: new DirectoryStore(directory),
    log: pino({ level: 'silent' }),
    confirmSeconds: 0.1,
    ...changes,
  });
}

/** What is found of one workflow; other tests leave others. */
async function found(workflowId: string, options: { dryRun?: boolean } = {}): Promise<ReportedDifference[]> {
  const all = await reconciler().run(options.dryRun ?? false);
  return all.filter((difference) => difference.workflowId === workflowId);
}

/** As `found`, when Temporal's list has followed. */
async function foundAtLast(workflowId: string): Promise<ReportedDifference[]> {
  let differences: ReportedDifference[] = [];
  const isFound = async (): Promise<boolean> => (differences = await found(workflowId)).length > 0;
  await until(isFound, { timeoutSeconds: 15, what: 'the difference' });
  return differences;
}

/** An experiment in a state whose orders are all delivered. */
async function experimentIn(state: ExperimentState): Promise<ExperimentReference> {
  const reference = await submit(opened.repositories);
  const transition = { ...reference, sequence: 1, state, error: null };
  if (state !== 'queued') await opened.repositories.transitions.recordTransition(transition);
  await opened.database.run((queries) => queries.outbox.deleteMany({ where: reference }));
  return reference;
}

/** Starts a workflow that nobody works for. */
async function startWorkflow(name: string, workflowId: string, timeoutSeconds = 600) {
  return temporal.client.workflow.start(name, {
    workflowId,
    taskQueue: taskQueues.coordinator,
    workflowExecutionTimeout: `${timeoutSeconds} s`,
    args: [{ projectId: 'default', experimentId: workflowId }],
  });
}

const statusOf = async (workflowId: string): Promise<string> =>
  (await temporal.client.workflow.getHandle(workflowId).describe()).status.name;

const rowOf = (reference: ExperimentReference) => opened.repositories.experiments.require(reference);

async function ordersOf(reference: ExperimentReference): Promise<string[]> {
  const rows = await opened.database.run((queries) =>
    queries.outbox.findMany({ where: reference, orderBy: { id: 'asc' } }),
  );
  return rows.map(({ kind }) => kind);
}

async function repairsOf(reference: ExperimentReference): Promise<unknown[]> {
  const events = await opened.repositories.events.eventsAfter(reference, 0, 100);
  return events.filter(({ type }) => type === 'reconciled').map(({ data }) => data);
}

describe('a comparison that is told to stop', () => {
  it('asks for no further row', async () => {
    await experimentIn('training');
    const stopping = new AbortController();
    const { reconciliation, verifications } = opened.repositories;
    let asked = 0;
    const running = reconciler({
      repository: {
        liveRows: async () => {
          const rows = await reconciliation.liveRows();
          stopping.abort(new Error('told to stop'));
          return rows;
        },
        rowsOf: (ids) => reconciliation.rowsOf(ids),
        repair: (...parameters) => reconciliation.repair(...parameters),
      },
      verifications: {
        unfinished: () => {
          asked += 1;
          return verifications.unfinished();
        },
        known: (ids) => verifications.known(ids),
        decide: (...parameters) => verifications.decide(...parameters),
      },
    }).run(false, stopping.signal);
    await expect(running).rejects.toThrow('told to stop');
    expect(asked).toBe(0);
  });

  it('mends what it is at, and leaves the rest to the next one', async () => {
    const both = [await experimentIn('training'), await experimentIn('training')];
    const ids = both.map(({ experimentId }) => experimentId);
    const stopping = new AbortController();
    const { reconciliation } = opened.repositories;
    const mended: string[] = [];
    const ofBoth = reconciler({
      repository: {
        liveRows: async () =>
          (await reconciliation.liveRows()).filter(({ experimentId }) => ids.includes(experimentId)),
        rowsOf: (some) => reconciliation.rowsOf(some),
        repair: async (...parameters) => {
          stopping.abort(new Error('told to stop'));
          const isMended = await reconciliation.repair(...parameters);
          if (isMended) mended.push(parameters[0].experimentId);
          return isMended;
        },
      },
    });
    await expect(ofBoth.run(false, stopping.signal)).rejects.toThrow('told to stop');
    expect(mended).toHaveLength(1);
    await ofBoth.run(false);
    expect(mended.toSorted()).toEqual(ids.toSorted());
  });
});

describe('an experiment whose workflow Temporal does not know', () => {
  it('is started again with what its user asked for; who worked for the one before can write no more', async () => {
    const reference = await experimentIn('training');
    const { attempts, requests } = opened.repositories;
    const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
    await requests.request(reference, 'pause');
    await opened.database.run((queries) => queries.outbox.deleteMany({ where: reference }));
    expect(await found(reference.experimentId)).toEqual([
      {
        workflowId: reference.experimentId,
        found: 'workflow_missing',
        repair: { action: 'startAgain' },
        mended: true,
      },
    ]);
    expect(await ordersOf(reference)).toEqual(['restart', 'pause']);
    expect(await repairsOf(reference)).toEqual([{ found: 'workflow_missing', action: 'startAgain' }]);
    expect(await attempts.listAttempts(reference)).toMatchObject([{ cause: 'lost' }]);
    await expect(attempts.finishAttempt(holder, { cause: 'completed' })).rejects.toMatchObject({
      code: 'lease_lost',
    });
    const late = { ...reference, sequence: 2, state: 'evaluating', error: null } as const;
    expect(await opened.repositories.transitions.recordTransition(late)).toBe('ignored');
  });

  it('is left alone while the order to start it waits', async () => {
    const reference = await submit(opened.repositories);
    expect(await found(reference.experimentId)).toEqual([]);
  });

  it('is only reported by a dry run', async () => {
    const reference = await experimentIn('preparing');
    const before = await rowOf(reference);
    expect(await found(reference.experimentId, { dryRun: true })).toMatchObject([
      { found: 'workflow_missing', mended: false },
    ]);
    expect(await rowOf(reference)).toEqual(before);
    expect(await ordersOf(reference)).toEqual([]);
  });

  it('is left alone when its row moves between the two looks', async () => {
    const reference = await experimentIn('preparing');
    const { reconciliation, transitions } = opened.repositories;
    let sequence = 1;
    const moving = {
      liveRows: async () => {
        sequence += 1;
        await transitions.recordTransition({ ...reference, sequence, state: 'training', error: null });
        await transitions.recordTransition({ ...reference, sequence, state: 'paused', error: null });
        return reconciliation.liveRows();
      },
      rowsOf: reconciliation.rowsOf.bind(reconciliation),
      repair: reconciliation.repair.bind(reconciliation),
    };
    const all = await reconciler({ repository: moving }).run(false);
    expect(all.filter(({ workflowId }) => workflowId === reference.experimentId)).toEqual([]);
    expect(await repairsOf(reference)).toEqual([]);
  });

  it('is not mended when its row has moved since the second look', async () => {
    const reference = await experimentIn('preparing');
    const { reconciliation } = opened.repositories;
    const difference = { found: 'workflow_missing', repair: { action: 'startAgain' } } as const;
    expect(await reconciliation.repair(reference, 0, difference)).toBe(false);
    expect(await ordersOf(reference)).toEqual([]);
    expect(await repairsOf(reference)).toEqual([]);
  });
});

describe('an experiment whose workflow has closed', () => {
  it('fails as workflow_terminated where it was terminated', async () => {
    const reference = await experimentIn('training');
    const handle = await startWorkflow(workflowNames.coordinator, reference.experimentId);
    await handle.terminate('by hand');
    expect(await found(reference.experimentId)).toMatchObject([{ found: 'workflow_closed', mended: true }]);
    expect(await rowOf(reference)).toMatchObject({ state: 'failed', error: { code: 'workflow_terminated' } });
    expect(await ordersOf(reference)).toEqual(['storeHistory']);
    expect(await found(reference.experimentId)).toEqual([]);
  });

  it('fails with what happened where it ran out of time', async () => {
    const reference = await experimentIn('training');
    await startWorkflow(workflowNames.coordinator, reference.experimentId, 1);
    const isOver = async (): Promise<boolean> => (await statusOf(reference.experimentId)) === 'TIMED_OUT';
    await until(isOver, { timeoutSeconds: 10, what: 'the time-out' });
    await found(reference.experimentId);
    expect((await rowOf(reference)).error?.message).toContain('ran out of the time');
  });
});

describe('a workflow that runs', () => {
  it('without a row is terminated', async () => {
    const id = `exp_${randomUUID().replaceAll('-', '')}`;
    await startWorkflow(workflowNames.coordinator, id);
    expect(await foundAtLast(id)).toMatchObject([{ found: 'row_missing', mended: true }]);
    expect(await statusOf(id)).toBe('TERMINATED');
  });

  it('though its experiment has ended is terminated, and the experiment tells of it', async () => {
    const reference = await experimentIn('cancelled');
    await startWorkflow(workflowNames.coordinator, reference.experimentId);
    expect(await foundAtLast(reference.experimentId)).toMatchObject([{ found: 'row_ended', mended: true }]);
    expect(await statusOf(reference.experimentId)).toBe('TERMINATED');
    expect(await repairsOf(reference)).toEqual([{ found: 'row_ended', action: 'terminateWorkflow' }]);
    expect((await rowOf(reference)).state).toBe('cancelled');
  });

  it('as the child of a coordinator that is gone is terminated, and the coordinator is left alone', async () => {
    const reference = await experimentIn('training');
    const { experimentId } = reference;
    await startWorkflow(workflowNames.coordinator, experimentId);
    const orphan = childWorkflowId.training(experimentId, 1);
    await startWorkflow(workflowNames.training, orphan);
    expect(await foundAtLast(orphan)).toMatchObject([{ found: 'parent_missing', mended: true }]);
    expect(await statusOf(orphan)).toBe('TERMINATED');
    expect(await statusOf(experimentId)).toBe('RUNNING');
    expect(await repairsOf(reference)).toEqual([{ found: 'parent_missing', action: 'terminateWorkflow' }]);
  });

  /** An experiment in training with checkpoints of the steps 10 and 20, whose manifests the store lacks; and how to commit another. */
  async function trainedTo20() {
    const reference = await experimentIn('training');
    const { attempts, checkpoints, ledger } = opened.repositories;
    const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
    await attempts.setAttemptProfile(holder, {
      profile: profileOf(2),
      threads: 2,
      provider: 'cpu',
      startStep: 0,
    });
    await ledger.recordSteps(holder, { steps: stepsFrom(1, 20), progress: progressAt(20), times: noTimes });
    const commit = (step: number, id: string): Promise<void> =>
      checkpoints.commitCheckpoint(holder, { step, id, stateSha256: 'sha256:s', sizeBytes: 1 });
    for (const step of [10, 20]) await commit(step, `sha256:${step}`);
    return { reference, commit };
  }

  it('for an experiment whose newest manifest is gone: the checkpoint is forgotten, that before it is the newest', async () => {
    const { reference } = await trainedTo20();
    await startWorkflow(workflowNames.coordinator, reference.experimentId);
    expect(await found(reference.experimentId)).toMatchObject([{ found: 'manifest_missing', mended: true }]);
    expect((await rowOf(reference)).latestCheckpoint).toMatchObject({ step: 10 });
    expect(await repairsOf(reference)).toEqual([
      { found: 'manifest_missing', action: 'forgetCheckpoint', step: 20, checkpointId: 'sha256:20' },
    ]);
  });

  it('for an experiment that has committed another manifest at that step since the last look: it is kept', async () => {
    const { reference, commit } = await trainedTo20();
    await startWorkflow(workflowNames.coordinator, reference.experimentId);
    const { reconciliation } = opened.repositories;
    const moving: ReconcilerDependencies['repository'] = {
      liveRows: () => reconciliation.liveRows(),
      rowsOf: (ids) => reconciliation.rowsOf(ids),
      repair: async (repaired, seen, difference) => {
        if (repaired.experimentId === reference.experimentId) await commit(20, 'sha256:20 anew');
        return reconciliation.repair(repaired, seen, difference);
      },
    };
    const all = await reconciler({ repository: moving }).run(false);
    expect(all.filter(({ workflowId }) => workflowId === reference.experimentId)).toMatchObject([
      { found: 'manifest_missing', mended: false },
    ]);
    expect((await rowOf(reference)).latestCheckpoint).toMatchObject({ step: 20, id: 'sha256:20 anew' });
    expect(await repairsOf(reference)).toEqual([]);
  });
});
