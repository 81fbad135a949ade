// Forks of an experiment: at a kept step, at one whose checkpoint is gone, and of a fork, in the same bytes wherever
// nothing was changed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client, type Experiment } from '../../openapi/client.ts';
import {
  attemptsOf,
  countingTo,
  exampleSubmission,
  historiesOf,
  ledgerOf,
  succeeded,
  uploadExample,
  weightsOf,
} from './example-experiment.ts';
import { recordHistories } from '../workers/workflows/record-history.ts';
import { StackProcess } from './stack-process.ts';

let stack: StackProcess;
let client: Client;
let parent: Experiment;

beforeAll(async () => {
  stack = await StackProcess.start();
  client = createClient(stack.url);
  const dataset = await uploadExample(client, 400);
  const checkpoint = { everySteps: 20, everySeconds: 1000, keepLast: 100 };
  const { id } = await client.submit(
    exampleSubmission(dataset, {
      epochs: 6,
      checkpoint,
      earlyStopping: { metric: 'accuracy', patience: 50 },
    }),
  );
  parent = await succeeded(client, id);
}, 120_000);
afterAll(() => stack.stopAndRemove());

const totalSteps = (): number => parent.progress?.totalSteps ?? 0;

describe('a fork', () => {
  it('of a kept step goes on at once, and without changes ends in the same bytes', async () => {
    const fork = await client.fork(parent.id, { step: 20 }, 'a key');
    expect(fork).toMatchObject({ forkedFrom: { experimentId: parent.id, step: 20 }, name: parent.name });
    expect((await client.fork(parent.id, { step: 20 }, 'a key')).id).toBe(fork.id);
    await succeeded(client, fork.id);
    expect(await attemptsOf(client, fork.id)).toMatchObject([
      { startStep: 20, stepsDone: totalSteps() - 20, stepsRepeated: 0 },
    ]);
    expect(await ledgerOf(client, fork.id)).toEqual(await ledgerOf(client, parent.id));
    expect(await weightsOf(client, fork.id)).toBe(await weightsOf(client, parent.id));
  }, 120_000);

  it('of another step computes those before it again, and branches off with its own settings', async () => {
    // It keeps no checkpoint of its own on the way: they are too far apart, and none is the best so far.
    const checkpoint = { everySteps: 100_000 };
    const training = { learningRate: 1e-4, dropout: 0.3, earlyStopping: null, checkpoint };
    const { id } = await client.fork(parent.id, { step: 33, name: 'branch', training });
    const branch = await succeeded(client, id);
    await recordHistories('forked', await historiesOf(client, id));
    expect(branch.spec.training).toMatchObject({ ...parent.spec.training, ...training });
    expect(await attemptsOf(client, id)).toMatchObject([
      { startStep: 20, stepsDone: 13, stepsRepeated: 13, segment: 0 },
      { startStep: 33, stepsDone: totalSteps() - 33, stepsRepeated: 0 },
    ]);
    const [of, own] = [await ledgerOf(client, parent.id), await ledgerOf(client, id)];
    expect(own.map(({ step }) => step)).toEqual(countingTo(totalSteps()));
    expect(own.slice(0, 33)).toEqual(of.slice(0, 33));
    expect(own[33]).not.toEqual(of[33]);
    const { data } = await client.api.GET('/experiments/{id}/metrics', {
      params: { path: { id }, query: { name: 'loss' } },
    });
    expect(data?.items[0]?.forkedFrom).toEqual({ experimentId: parent.id, step: 33 });

    // Where its settings began, a branch keeps a checkpoint; none after it on the way.
    const again = await client.fork(id, { step: totalSteps() - 2 });
    await succeeded(client, again.id);
    expect((await attemptsOf(client, again.id)).map(({ startStep }) => startStep)).toEqual([
      33,
      totalSteps() - 2,
    ]);
    expect(await ledgerOf(client, again.id)).toEqual(own);
    expect(await weightsOf(client, again.id)).toBe(await weightsOf(client, id));
  }, 120_000);

  it('goes on from what an experiment kept that took longer than it may', async () => {
    const dataset = { ...parent.spec.dataset, id: parent.spec.dataset.id ?? '' };
    const overlong = { ...exampleSubmission(dataset, { epochs: 1000 }), limits: { durationSeconds: 5 } };
    const { id } = await client.submit(overlong);
    const ended = await client.waitForExperiment(id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'duration_exceeded' } });
    const step = ended.latestCheckpoint?.step ?? 0;
    expect(step).toBe(ended.progress?.step);
    const stepsAnEpoch = (ended.progress?.totalSteps ?? 0) / 1000;
    const training = { epochs: Math.floor(step / stepsAnEpoch) + 2 };
    // Of limits a fork takes nothing over.
    const fork = await client.fork(id, { step, training });
    expect(await succeeded(client, fork.id)).toMatchObject({ spec: { limits: { durationSeconds: null } } });
  }, 60_000);

  it('is refused after a step that was not trained, and for what the steps before depend on', async () => {
    const refused = (fork: Parameters<Client['fork']>[1], path: string) =>
      expect(client.fork(parent.id, fork)).rejects.toMatchObject({
        code: 'fork_not_possible',
        status: 422,
        problem: { errors: [{ path }] },
      });
    await refused({ step: totalSteps() + 1 }, '/step');
    await refused({ step: 20, training: { batchSize: 3 } }, '/training/batchSize');
    await refused({ step: 30, training: { epochs: 1 } }, '/training/epochs');
    await expect(client.fork('exp_none', { step: 1 })).rejects.toMatchObject({ code: 'not_found' });
  }, 60_000);
});
