// Database and Temporal that disagree, in a whole stack: each experiment ends right, with the bytes of its undisturbed twin.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client, type Dataset, type Experiment } from '../../openapi/client.ts';
import {
  attemptsOf,
  exampleSubmission,
  historiesOf,
  ledgerOf,
  succeeded,
  uploadExample,
  weightsOf,
} from './example-experiment.ts';
import { childWorkflowId } from '../../src/experiment/name.ts';
import { recordHistories } from '../workers/workflows/record-history.ts';
import { ExperimentRows } from './experiment-rows.ts';
import { StackProcess } from './stack-process.ts';

let stack: StackProcess;
let client: Client;
let dataset: Dataset;
let twin: string;
let connection: Connection;
let temporal: TemporalClient;

const training = { epochs: 30, checkpoint: { everySteps: 20 } };

beforeAll(async () => {
  stack = await StackProcess.start(undefined, { RECONCILE_SECONDS: '1' });
  client = createClient(stack.url);
  dataset = await uploadExample(client, 800);
  connection = Connection.lazy({ address: stack.variable('TEMPORAL_ADDRESS') });
  temporal = new TemporalClient({ connection });
  twin = (await client.submit(exampleSubmission(dataset, training))).id;
  await succeeded(client, twin);
});
afterAll(async () => {
  await connection.close();
  await stack.stopAndRemove();
});

const hasTrained =
  (step: number) =>
  ({ latestCheckpoint }: Experiment): boolean =>
    (latestCheckpoint?.step ?? 0) >= step;

/** Submits the twin's equal and waits until it has kept a step. */
async function submitAndTrain(step = 40): Promise<string> {
  const { id } = await client.submit(exampleSubmission(dataset, training));
  expect(hasTrained(step)(await client.waitForExperiment(id, hasTrained(step)))).toBe(true);
  return id;
}

/** What was found and done, from the experiment's events. */
async function repairsOf(id: string): Promise<unknown[]> {
  const repairs: unknown[] = [];
  for await (const { type, data } of client.events(id))
    if (type === 'reconciled') repairs.push([data['found'], data['action']]);
  return repairs;
}

/** What attempts at evaluating said that failed. */
async function failedEvaluationsOf(id: string): Promise<string> {
  const messages: unknown[] = [];
  for await (const { type, data } of client.events(id))
    if (type === 'attemptEnded' && data['phase'] === 'evaluating') messages.push(data['message']);
  return messages.join();
}

async function expectTwinOf(id: string): Promise<void> {
  expect(await weightsOf(client, id)).toBe(await weightsOf(client, twin));
  expect(await ledgerOf(client, id)).toEqual(await ledgerOf(client, twin));
}

describe('a workflow that was terminated in Temporal', () => {
  it('fails its experiment, whose checkpoints can be forked', async () => {
    const id = await submitAndTrain();
    await temporal.workflow.getHandle(id).terminate('by hand');
    const ended = await client.waitForExperiment(id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'workflow_terminated' } });
    expect(await repairsOf(id)).toEqual([['workflow_closed', 'end']]);
    const { data: fork } = await client.api.POST('/experiments/{id}/fork', {
      params: { path: { id } },
      body: { step: 40 },
    });
    await succeeded(client, fork!.id);
    await expectTwinOf(fork!.id);
  }, 120_000);
});

describe('rows that were restored from a copy', () => {
  it('of an experiment that has succeeded since: it is computed again, to the same bytes', async () => {
    const id = await submitAndTrain();
    const rows = new ExperimentRows(stack, id);
    await rows.copy();
    await succeeded(client, id);
    await rows.putBack();
    await client.waitForExperiment(id, ({ state }) => state === 'training');
    await succeeded(client, id);
    await expectTwinOf(id);
    expect(await repairsOf(id)).toEqual([['row_behind', 'startAgain']]);
    expect((await attemptsOf(client, id)).map(({ cause }) => cause)).toEqual(['lost', 'completed']);
    // The history tells of the workflow before, too.
    const histories = await historiesOf(client, id);
    expect(histories.workflows[id]).toHaveLength(2);
    expect(histories.workflows[childWorkflowId.training(id, 1)]).toHaveLength(2);
    await recordHistories('started-again', histories);
    const { data: audit } = await client.api.POST('/experiments/{id}/audit', { params: { path: { id } } });
    expect(audit).toMatchObject({ deterministic: true, source: 'stored' });
  }, 120_000);

  it('of an experiment that is being evaluated: nothing is made of an older checkpoint', async () => {
    const id = await submitAndTrain();
    const rows = new ExperimentRows(stack, id);
    await rows.copy();
    stack.signal('evaluation-worker', 'SIGSTOP');
    await client.waitForExperiment(id, ({ state }) => state === 'evaluating');
    await rows.putBack();
    stack.signal('evaluation-worker', 'SIGCONT');
    await succeeded(client, id);
    await expectTwinOf(id);
    expect(await repairsOf(id)).toEqual([['row_behind', 'startAgain']]);
    // The evaluation had met the restored row before it was mended.
    expect(await failedEvaluationsOf(id)).toContain(`The row of ${id} lacks`);
  }, 120_000);
});

describe('a Temporal that lost its data', () => {
  it('is told again of an experiment in training and of a paused one, which go on from what they kept', async () => {
    const paused = await submitAndTrain();
    await client.pause(paused);
    expect(await client.waitForExperiment(paused, ({ state }) => state === 'paused')).toMatchObject({
      state: 'paused',
    });
    const id = await submitAndTrain();
    stack.signal('temporal', 'SIGSTOP');
    for (const suffix of ['', '-wal', '-shm'])
      await rm(join(stack.dataDirectory, `temporal.db${suffix}`), { force: true });
    stack.signal('temporal', 'SIGKILL');
    await succeeded(client, id);
    await expectTwinOf(id);
    expect(await repairsOf(id)).toEqual([['workflow_missing', 'startAgain']]);
    expect(await client.getExperiment(paused)).toMatchObject({ state: 'paused' });
    await client.resume(paused);
    await succeeded(client, paused);
    await expectTwinOf(paused);
  }, 180_000);
});
