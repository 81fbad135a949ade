// A pause frees the worker, lasts through a restart of everything, and changes no byte of the result.
import { describe, expect, it } from 'vitest';
import { createClient, type Client } from '../../openapi/client.ts';
import {
  attemptsOf,
  countingTo,
  exampleSubmission,
  ledgerOf,
  succeeded,
  uploadExample,
  weightsOf,
} from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

/** All of a proof that does not name the experiment. */
async function proofOf(client: Client, id: string): Promise<object> {
  const proof = await client.proof(id);
  return { ...proof, experimentId: null, checkpoint: proof.checkpoint.step };
}

describe('an experiment that is paused', () => {
  it('leaves its worker to others, and after a restart of everything ends with its twin’s bytes', async () => {
    const first = await StackProcess.start();
    const client = createClient(first.url);
    const dataset = await uploadExample(client, 800);
    // No checkpoint is due by itself: what it goes on from was kept by the pause.
    const checkpoint = { everySteps: 100_000, everySeconds: 100_000 };
    const submission = exampleSubmission(dataset, { epochs: 60, checkpoint });
    const { id } = await client.submit(submission);
    await client.waitForExperiment(id, ({ progress }) => (progress?.step ?? 0) > 50);
    expect(await client.pause(id)).toMatchObject({ state: 'training', requestedAction: 'pause' });
    const paused = await client.waitForExperiment(id, ({ state }) => state === 'paused');
    expect(paused).toMatchObject({ requestedAction: null, waitingFor: null, progress: { etaSeconds: null } });
    expect(paused.latestCheckpoint?.step).toBe(paused.progress?.step);
    const twin = await client.submit(submission);
    await succeeded(client, twin.id);
    expect(await first.stop()).toBe(0);

    const second = await StackProcess.start(first.dataDirectory);
    try {
      const after = createClient(second.url);
      expect((await after.getExperiment(id)).state).toBe('paused');
      expect(await after.resume(id)).toMatchObject({ state: 'paused', requestedAction: 'resume' });
      const { progress } = await succeeded(after, id);
      const attempts = await attemptsOf(after, id);
      expect(attempts.map(({ cause }) => cause)).toEqual(['paused', 'completed']);
      expect(attempts.map(({ stepsRepeated }) => stepsRepeated)).toEqual([0, 0]);
      const ledger = await ledgerOf(after, id);
      expect(ledger.map(({ step }) => step)).toEqual(countingTo(progress?.totalSteps ?? 0));
      expect(ledger).toEqual(await ledgerOf(after, twin.id));
      expect(await weightsOf(after, id)).toBe(await weightsOf(after, twin.id));
      expect(await proofOf(after, id)).toEqual(await proofOf(after, twin.id));
    } finally {
      await second.stopAndRemove();
    }
  }, 300_000);
});

describe('an experiment that is paused before training', () => {
  it('takes no step until it is resumed, and can be cancelled with nothing to download', async () => {
    const stack = await StackProcess.start();
    try {
      const client = createClient(stack.url);
      const dataset = await uploadExample(client, 400);
      const [resumed, cancelled] = await Promise.all([
        client.submit(exampleSubmission(dataset, { epochs: 1 })),
        client.submit(exampleSubmission(dataset, { epochs: 1 })),
      ]);
      for (const { id } of [resumed, cancelled]) await client.pause(id);
      for (const { id } of [resumed, cancelled]) {
        const paused = await client.waitForExperiment(id, ({ state }) => state === 'paused');
        expect(paused).toMatchObject({ progress: null, latestCheckpoint: null, attempts: 0 });
      }
      await client.cancel(cancelled.id);
      expect(await client.waitForExperiment(cancelled.id)).toMatchObject({ state: 'cancelled' });
      const download = client.api.GET('/experiments/{id}/model', {
        params: { path: { id: cancelled.id } },
        parseAs: 'stream',
      });
      await expect(download).rejects.toMatchObject({ code: 'no_checkpoint' });
      await client.resume(resumed.id);
      await succeeded(client, resumed.id);
    } finally {
      await stack.stopAndRemove();
    }
  }, 200_000);
});
