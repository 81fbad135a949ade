// What a worker does in the place of one that died, over a real database and Temporal: each attempt of it ends, whatever befalls another.
import { hostname } from 'node:os';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { taskQueues, workflowNames } from '../../src/experiment/name.ts';
import { agrees } from '../../src/experiment/verification.ts';
import { endAttemptsOfPredecessor } from '../../workers/lost-predecessor.ts';
import { noTimes, profileOf, progressAt, stepsFrom, submit, useDatabase } from '../database/fixture.ts';
import { startTemporal, type TestTemporal } from '../temporal-server.ts';
import { untilCancelled, workflowBundle } from './workflows/workflow-harness.ts';

const opened = useDatabase();
const host = hostname();
let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const dependencies = () => ({
  repositories: opened.repositories,
  temporal: temporal.client,
  host,
  log: pino({ level: 'silent' }),
});

/** How often each experiment, and the verification, was begun. The first time it goes on until it is ended. */
class Tries {
  readonly #counts = new Map<string, number>();

  async firstHangs(id: string): Promise<void> {
    this.#counts.set(id, this.of(id) + 1);
    if (this.of(id) === 1) await untilCancelled();
  }

  of(id: string): number {
    return this.#counts.get(id) ?? 0;
  }
}

/** Runs workers of this process whose experiments hang at first, while `act` acts. */
async function whileWorking(act: (tries: Tries) => Promise<void>): Promise<void> {
  const tries = new Tries();
  const nothing = (): Promise<void> => Promise.resolve();
  const coordinator = {
    recordTransition: nothing,
    publishReport: nothing,
    revokeAttempt: nothing,
    recordVerdict: nothing,
  };
  const training = {
    fineTuneBert: async ({ experimentId }: ExperimentReference) => {
      await tries.firstHangs(experimentId);
      return { outcome: 'completed', checkpoint: { step: 10, id: 'sha256:10' } };
    },
    verifySteps: async ({ verificationId }: { verificationId: string }) => {
      await tries.firstHangs(verificationId);
      return { verdict: agrees, host };
    },
  };
  const evaluation = {
    snapshotDataset: () =>
      Promise.resolve({ sha256: 'sha256:s', totalSteps: 10, stepSeconds: 0.1, evaluationBatchSeconds: 0.1 }),
    evaluateBert: () => Promise.resolve({ evaluationSha256: 'sha256:e' }),
  };
  const { connection } = temporal;
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: taskQueues.coordinator, workflowBundle, activities: coordinator }),
    Worker.create({
      connection,
      taskQueue: taskQueues.training,
      activities: training,
      shutdownGraceTime: '1 s',
    }),
    Worker.create({ connection, taskQueue: taskQueues.evaluation, activities: evaluation }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    await act(tries);
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
  }
}

const start = (name: string, workflowId: string, input: object) =>
  temporal.client.workflow.start(name, { workflowId, taskQueue: taskQueues.coordinator, args: [input] });

/** An experiment in whose row an attempt of this machine is open, with three recorded steps. */
async function openAttempt(reference: ExperimentReference): Promise<void> {
  const { attempts, ledger } = opened.repositories;
  const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host });
  await attempts.setAttemptProfile(holder, {
    profile: profileOf(2),
    threads: 2,
    provider: 'cpu',
    startStep: 0,
  });
  await ledger.recordSteps(holder, { steps: stepsFrom(1, 3), progress: progressAt(3), times: noTimes });
}

/** An experiment about which Temporal refuses to be asked: its id is empty. */
async function refusedExperiment(): Promise<void> {
  const { experimentId } = await submit(opened.repositories);
  await opened.database.run(
    (queries) => queries.$executeRaw`UPDATE experiment SET id = '' WHERE id = ${experimentId}`,
  );
  await openAttempt({ projectId: 'default', experimentId: '' });
  await expect(temporal.client.workflow.getHandle('').describe()).rejects.not.toMatchObject({
    name: 'WorkflowNotFoundError',
  });
}

it('ends every attempt and verification of the process that died, also after one that cannot be ended', async () => {
  const { verifications } = opened.repositories;
  const references = [await submit(opened.repositories), await submit(opened.repositories)];
  for (const reference of references) await openAttempt(reference);
  const { id } = await verifications.create(references[0]!, { fromStep: 1, toStep: 3 });
  const verification = { ...references[0]!, verificationId: id, fromStep: 1, toStep: 3 };
  await verifications.begin(verification, host);
  // Temporal knows nothing of this one any more, and nothing can be asked about the next: the newest attempt comes first.
  await openAttempt(await submit(opened.repositories));
  await refusedExperiment();
  await whileWorking(async (tries) => {
    const handles = await Promise.all([
      ...references.map((reference) => start(workflowNames.coordinator, reference.experimentId, reference)),
      start(workflowNames.verification, id, verification),
    ]);
    const ids = handles.map(({ workflowId }) => workflowId);
    const triesOf = (): number[] => ids.map((each) => tries.of(each));
    await expect.poll(triesOf, { timeout: 10_000 }).toEqual([1, 1, 1]);
    await endAttemptsOfPredecessor(dependencies(), { predecessorProcesses: [process.pid + 1] });
    await endAttemptsOfPredecessor(dependencies(), { predecessorProcesses: [] });
    expect(triesOf()).toEqual([1, 1, 1]);
    await endAttemptsOfPredecessor(dependencies(), { predecessorProcesses: [process.pid, process.pid + 1] });
    await Promise.all(handles.map((handle) => handle.result()));
    expect(triesOf()).toEqual([2, 2, 2]);
  });
}, 60_000);
