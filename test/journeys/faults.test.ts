// What must happen when parts are away, die at a bad moment, or the user changes his mind.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client, type Dataset, type Experiment } from '../../openapi/client.ts';
import { decodeCheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import {
  coordinatorWorkers,
  countingTo,
  exampleSubmission,
  ledgerOf,
  succeeded,
  uploadExample,
  weightsOf,
} from './example-experiment.ts';
import { until } from '../../src/local/until.ts';
import { StackProcess } from './stack-process.ts';

let stack: StackProcess;
let client: Client;
let dataset: Dataset;
beforeAll(async () => {
  stack = await StackProcess.start();
  client = createClient(stack.url);
  dataset = await uploadExample(client, 800);
  // The API answers first; only this worker tells that Temporal is away.
  const isCoordinated = async (): Promise<boolean> => (await coordinatorWorkers(client)) > 0;
  await until(isCoordinated, { timeoutSeconds: 30, what: 'the coordinator worker' });
});
afterAll(() => stack.stopAndRemove());

const short = { epochs: 2 };
const long = { epochs: 200, checkpoint: { everySteps: 20 } };
const isTraining = ({ progress }: Experiment): boolean => (progress?.step ?? 0) > 0;

/** States that an experiment went through, from its events. */
async function statesOf(id: string): Promise<unknown[]> {
  const states: unknown[] = [];
  for await (const { type, data } of client.events(id)) if (type === 'stateChanged') states.push(data['to']);
  return states;
}

/** The phases whose attempts were lost, in order. */
async function lostPhasesOf(id: string): Promise<unknown[]> {
  const phases: unknown[] = [];
  for await (const { type, data } of client.events(id))
    if (type === 'attemptEnded' && data['cause'] === 'lost') phases.push(data['phase']);
  return phases;
}

describe('while Temporal is away', () => {
  it('a submission is accepted, says what it waits for, and starts once Temporal is back', async () => {
    stack.signal('temporal', 'SIGSTOP');
    const { id } = await client.submit(exampleSubmission(dataset, short));
    const waiting = await client.waitForExperiment(id, ({ waitingFor }) => waitingFor?.kind === 'temporal');
    expect(waiting.state).toBe('queued');
    const { data: readiness } = await client.api.GET('/readyz');
    expect(readiness?.status).toBe('degraded');
    stack.signal('temporal', 'SIGCONT');
    await succeeded(client, id);
    expect(await statesOf(id)).toEqual(['preparing', 'training', 'evaluating', 'succeeded']);
  }, 120_000);
});

describe('the API killed between the row and the start of the workflow', () => {
  it('loses nothing: the experiment still starts, once', async () => {
    stack.signal('coordinator-worker', 'SIGSTOP');
    const { id } = await client.submit(exampleSubmission(dataset, short), 'killed-api');
    expect(stack.signal('http/server', 'SIGKILL')).toBe(true);
    stack.signal('coordinator-worker', 'SIGCONT');
    await succeeded(client, id);
    expect(await statesOf(id)).toEqual(['preparing', 'training', 'evaluating', 'succeeded']);
    expect((await client.submit(exampleSubmission(dataset, short), 'killed-api')).id).toBe(id);
  }, 120_000);
});

describe('a cancellation', () => {
  it('while the experiment is queued ends it as cancelled', async () => {
    stack.signal('coordinator-worker', 'SIGSTOP');
    const { id } = await client.submit(exampleSubmission(dataset, long));
    const { state, requestedAction } = await client.cancel(id);
    expect({ state, requestedAction }).toEqual({ state: 'queued', requestedAction: 'cancel' });
    stack.signal('coordinator-worker', 'SIGCONT');
    const ended = await client.waitForExperiment(id);
    expect(ended).toMatchObject({ state: 'cancelled', requestedAction: null });
    expect(ended.progress).toBeNull();
  }, 120_000);

  it('while it trains keeps its last steps, and leaves a model', async () => {
    const { id } = await client.submit(exampleSubmission(dataset, long));
    await client.waitForExperiment(id, isTraining);
    await client.cancel(id);
    const ended = await client.waitForExperiment(id);
    expect(ended.state).toBe('cancelled');
    expect(ended.latestCheckpoint?.step).toBe(ended.progress?.step);
    const model = await new Response(await client.downloadModel(id)).arrayBuffer();
    expect(model.byteLength).toBeGreaterThan(10_000);
  }, 120_000);

  it('made in Temporal itself ends it as cancelled', async () => {
    const { id } = await client.submit(exampleSubmission(dataset, long));
    await client.waitForExperiment(id, isTraining);
    const variables = await readFile(join(stack.dataDirectory, 'stack.env'), 'utf8');
    const address = /TEMPORAL_ADDRESS='(.+)'/.exec(variables)?.[1] ?? '';
    const connection = await Connection.connect({ address });
    await new TemporalClient({ connection }).workflow.getHandle(id).cancel();
    await connection.close();
    expect((await client.waitForExperiment(id)).state).toBe('cancelled');
  }, 120_000);
});

describe('workers killed at bad moments', () => {
  it('while preparing, while checkpoints are uploaded, while evaluating and publishing: the weights are the same', async () => {
    // Many rows, so that preparing and evaluating last long enough to be killed; few of them are trained on.
    const large = await uploadExample(client, 60_000);
    // A checkpoint a step: whenever training is killed, one is on its way.
    const example = exampleSubmission(large, { epochs: 3, checkpoint: { everySteps: 1 } });
    const submission = { ...example, dataset: { ...example.dataset, maxTrainSamples: 600 } };
    const undisturbed = await client.submit(submission);
    await succeeded(client, undisturbed.id);

    const { id } = await client.submit(submission);
    const killed: boolean[] = [];
    const killWhen = async (
      moment: (experiment: Experiment) => boolean,
      ...parts: Parameters<StackProcess['signal']>[0][]
    ) => {
      // At its end the wait is over too: a kill that came late would prove nothing.
      expect(moment(await client.waitForExperiment(id, moment))).toBe(true);
      for (const part of parts) killed.push(stack.signal(part, 'SIGKILL'));
    };
    const isRunning = (phase: Experiment['state']) => (experiment: Experiment) =>
      experiment.state === phase && experiment.waitingFor === null;
    await killWhen(isRunning('preparing'), 'evaluation-worker');
    await killWhen(({ latestCheckpoint }) => latestCheckpoint !== null, 'training-worker');
    await killWhen(
      ({ attempts, progress }) => attempts === 2 && (progress?.step ?? 0) > 20,
      'training-worker',
    );
    await killWhen(isRunning('evaluating'), 'evaluation-worker', 'coordinator-worker');
    await succeeded(client, id);
    expect(killed).toEqual([true, true, true, true, true]);
    expect(await lostPhasesOf(id)).toEqual(['preparing', 'training', 'training', 'evaluating']);
    expect(await weightsOf(client, id)).toBe(await weightsOf(client, undisturbed.id));
    expect(await ledgerOf(client, id)).toEqual(await ledgerOf(client, undisturbed.id));
  }, 240_000);

  it('the database and Temporal too, during training: the experiment goes on to its end', async () => {
    const { id } = await client.submit(
      exampleSubmission(dataset, { epochs: 30, checkpoint: { everySteps: 20 } }),
    );
    await client.waitForExperiment(id, isTraining);
    expect(stack.signal('postgres', 'SIGKILL')).toBe(true);
    await client.waitForExperiment(id, ({ progress }) => (progress?.step ?? 0) > 150);
    expect(stack.signal('temporal', 'SIGKILL')).toBe(true);
    const { progress } = await succeeded(client, id);
    const steps = (await ledgerOf(client, id)).map(({ step }) => step);
    expect(steps).toEqual(countingTo(progress?.totalSteps ?? 0));
  }, 240_000);
});

describe('what all checkpoints of an experiment share', () => {
  it('is made again when it broke while nobody trained: the weights are the same', async () => {
    const submission = exampleSubmission(dataset, { epochs: 40, checkpoint: { everySteps: 20 } });
    const undisturbed = await client.submit(submission);
    await succeeded(client, undisturbed.id);

    const { id } = await client.submit(submission);
    await client.waitForExperiment(id, ({ latestCheckpoint }) => latestCheckpoint !== null);
    // Without the coordinator no attempt follows the one that is killed.
    stack.signal('coordinator-worker', 'SIGSTOP');
    expect(stack.signal('training-worker', 'SIGKILL')).toBe(true);
    const objects = join(stack.dataDirectory, 'objects');
    const manifests = join(objects, 'checkpoints/default', id);
    const [name = ''] = await readdir(manifests);
    const { blobs } = decodeCheckpointManifest(await readFile(join(manifests, name)));
    const fileOf = (sha256 = ''): string => {
      const digits = sha256.replace('sha256:', '');
      return join(objects, 'projects/default/blobs/sha256', digits.slice(0, 2), digits);
    };
    const base = await readFile(fileOf(blobs.base.sha256));
    const flipped = Buffer.from(base);
    flipped[flipped.length - 5] = (flipped.at(-5) ?? 0) ^ 1;
    await writeFile(fileOf(blobs.base.sha256), flipped);
    await rm(fileOf(blobs.vocabulary?.sha256));
    stack.signal('coordinator-worker', 'SIGCONT');
    const { attempts } = await succeeded(client, id);
    expect(attempts).toBeGreaterThan(1);
    expect((await readFile(fileOf(blobs.base.sha256))).equals(base)).toBe(true);
    expect(await weightsOf(client, id)).toBe(await weightsOf(client, undisturbed.id));
  }, 120_000);
});

describe('a fault of the user', () => {
  it('ends the experiment with its code, without another attempt', async () => {
    const one = await client.uploadDataset({
      train: { name: 'train.jsonl', content: '{"text":"a","intent":"x"}\n{"text":"b","intent":"x"}\n' },
      validation: { name: 'validation.jsonl', content: '{"text":"a","intent":"x"}\n' },
    });
    const { id } = await client.submit(exampleSubmission(one));
    const ended = await client.waitForExperiment(id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'labels_invalid' } });
    expect(await statesOf(id)).toEqual(['preparing', 'failed']);
  }, 60_000);
});
