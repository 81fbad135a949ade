// Verifications whose row and workflow disagree, in a real database and Temporal.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerificationReference } from '../../../src/database/verification-repository.ts';
import { newVerificationId } from '../../../src/experiment/id.ts';
import { taskQueues, workflowNames } from '../../../src/experiment/name.ts';
import { until } from '../../../src/local/until.ts';
import { DirectoryStore } from '../../../src/storage/directory-store.ts';
import { Reconciler, type ReportedDifference } from '../../../workers/reconciliation/reconciler.ts';
import { askForVerification, useDatabase } from '../../database/fixture.ts';
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

/** What is found of one workflow, and mended but in a dry run. */
async function found(workflowId: string, dryRun = false): Promise<ReportedDifference[]> {
  const { reconciliation, verifications } = opened.repositories;
  const reconciler = new Reconciler({
    repository: reconciliation,
    verifications,
    client: temporal.client,
    store: new DirectoryStore(directory),
    log: pino({ level: 'silent' }),
    confirmSeconds: 0.1,
  });
  return (await reconciler.run(dryRun)).filter((difference) => difference.workflowId === workflowId);
}

/** A verification that was asked for so long ago, and whose order is delivered. */
async function delivered(ageSeconds: number): Promise<VerificationReference> {
  const reference = await askForVerification(opened.repositories);
  const { verificationId: id } = reference;
  await opened.database.run(async (queries) => {
    await queries.outbox.deleteMany({ where: { subject: id } });
    await queries.$executeRaw`
      UPDATE verification SET created_at = now() - make_interval(secs => ${ageSeconds}::float8) WHERE id = ${id}`;
  });
  return reference;
}

/** Starts a workflow that nobody works for. */
const startWorkflow = (workflowId: string) =>
  temporal.client.workflow.start(workflowNames.verification, {
    workflowId,
    taskQueue: taskQueues.coordinator,
    args: [{}],
  });

const rowOf = (reference: VerificationReference) => opened.repositories.verifications.require(reference);

describe('a verification that is not decided', () => {
  it('is undecided once Temporal knows nothing of it, and the experiment tells of that', async () => {
    const reference = await delivered(90);
    const { verificationId: id } = reference;
    expect(await found(id, true)).toMatchObject([{ found: 'workflow_missing', mended: false }]);
    expect(await rowOf(reference)).toMatchObject({ state: 'running' });
    expect(await found(id)).toMatchObject([
      { found: 'workflow_missing', repair: { action: 'decide' }, mended: true },
    ]);
    expect(await rowOf(reference)).toMatchObject({
      state: 'undecided',
      reason: 'The verification’s workflow is not known to Temporal.',
      finishedAt: expect.any(Date) as Date,
    });
    const events = await opened.repositories.events.eventsAfter(reference, 0, 100);
    expect(events.at(-1)).toMatchObject({ type: 'verificationDecided', data: { id, state: 'undecided' } });
    expect(await found(id)).toEqual([]);
  });

  it('is undecided where its workflow was terminated', async () => {
    const reference = await delivered(90);
    const handle = await startWorkflow(reference.verificationId);
    expect(await found(reference.verificationId)).toEqual([]);
    await handle.terminate('by hand');
    expect(await found(reference.verificationId)).toMatchObject([{ found: 'workflow_closed', mended: true }]);
    const { state, reason } = await rowOf(reference);
    expect({ state, reason }).toEqual({
      state: 'undecided',
      reason: 'The verification’s workflow was terminated in Temporal.',
    });
  });

  it('is left alone when it is younger than a minute, or its order waits in the outbox', async () => {
    const young = await delivered(30);
    expect(await found(young.verificationId)).toEqual([]);
    const waiting = await askForVerification(opened.repositories);
    await opened.database.run(
      (queries) => queries.$executeRaw`
        UPDATE verification SET created_at = now() - interval '1 hour' WHERE id = ${waiting.verificationId}`,
    );
    expect(await found(waiting.verificationId)).toEqual([]);
    expect(await rowOf(waiting)).toMatchObject({ state: 'running' });
  });
});

it('the workflow of a verification whose experiment was deleted is terminated, others are not', async () => {
  const kept = await delivered(0);
  const handle = await startWorkflow(kept.verificationId);
  const id = newVerificationId();
  const rowless = await startWorkflow(id);
  let differences: ReportedDifference[] = [];
  // Temporal's list follows with a delay.
  const isFound = async (): Promise<boolean> => (differences = await found(id)).length > 0;
  await until(isFound, { timeoutSeconds: 15, what: 'the difference' });
  expect(differences).toMatchObject([{ found: 'row_missing', mended: true }]);
  expect((await rowless.describe()).status.name).toBe('TERMINATED');
  expect((await handle.describe()).status.name).toBe('RUNNING');
});
