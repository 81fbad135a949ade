// Nothing is published of an experiment whose row was restored to before the end of its training.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireTrained } from '../../src/database/row-behind.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { sha256Of } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { createCoordinatorActivities } from '../../workers/activities/coordinator-activities.ts';
import { noTimes, profileOf, progressAt, stepsFrom, submit, useDatabase } from './fixture.ts';

const opened = useDatabase();
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'row-behind-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** An experiment whose newest checkpoint is of a step. */
async function trainedTo(step: number): Promise<ExperimentReference> {
  const reference = await submit(opened.repositories);
  const { attempts, checkpoints, ledger } = opened.repositories;
  const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
  const profile = { profile: profileOf(2), threads: 2, provider: 'cpu', startStep: 0 };
  await attempts.setAttemptProfile(holder, profile);
  await ledger.recordSteps(holder, { steps: stepsFrom(1, step), progress: progressAt(step), times: noTimes });
  const id = `sha256:${step}`;
  await checkpoints.commitCheckpoint(holder, { step, id, stateSha256: id, sizeBytes: 1 });
  await attempts.finishAttempt(holder, { cause: 'completed' });
  return reference;
}

/** The code that publishing ends with: of an evaluation that is not in the store, where it gets so far. */
async function publish(reference: ExperimentReference, trainedStep?: number): Promise<unknown> {
  const activities = createCoordinatorActivities({
    repositories: opened.repositories,
    store: new DirectoryStore(directory),
    host: 'host',
    stopping: new AbortController().signal,
    log: pino({ level: 'silent' }),
  });
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const evaluation = { evaluationSha256: sha256Of(Buffer.from('none')) };
  const input = { ...reference, evaluation, ...(trainedStep !== undefined && { trainedStep }) };
  const failure: unknown = await environment
    .run(() => activities.publishReport(input))
    .catch((error: unknown) => error);
  return (failure as { type?: unknown }).type;
}

describe('a row without the checkpoint that training ended with', () => {
  it('is told from one that has it, or a later one', async () => {
    const record = await opened.repositories.experiments.require(await trainedTo(20));
    expect(() => requireTrained(record, 21)).toThrow('lacks the checkpoint of step 21');
    for (const step of [20, 19, undefined]) expect(() => requireTrained(record, step)).not.toThrow();
    const untrained = { id: 'exp_1', latestCheckpoint: null };
    expect(() => requireTrained(untrained, 1)).toThrow('lacks the checkpoint of step 1');
  });

  it('gets no report, and the failure is none that a user made', async () => {
    const reference = await trainedTo(20);
    expect(await publish(reference, 21)).toBe('row_behind');
    expect(await publish(reference, 20)).toBe('blob_missing');
    expect(await publish(reference)).toBe('blob_missing');
  });
});
