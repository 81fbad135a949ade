// A stop of the whole stack during training: nothing is lost and nothing is done twice.
import { expect, it } from 'vitest';
import { createClient } from '../../openapi/client.ts';
import {
  attemptsOf,
  countingTo,
  exampleSubmission,
  ledgerOf,
  succeeded,
  uploadExample,
} from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

it('SIGTERM to npm during training exits 0 within 30 s, and the next start goes on without repeating a step', async () => {
  const first = await StackProcess.start();
  const client = createClient(first.url);
  const dataset = await uploadExample(client, 800);
  // No checkpoint is due before the stop: the one that it goes on from is made by the stop itself.
  const checkpoint = { everySteps: 100_000, everySeconds: 100_000 };
  const { id } = await client.submit(exampleSubmission(dataset, { epochs: 60, checkpoint }));
  await client.waitForExperiment(id, ({ progress }) => (progress?.step ?? 0) > 50);
  const stopped = Date.now();
  expect(await first.stop()).toBe(0);
  expect(Date.now() - stopped).toBeLessThan(30_000);
  expect(first.partProcesses).toEqual([]);

  const second = await StackProcess.start(first.dataDirectory);
  try {
    const clientAfter = createClient(second.url);
    const { progress } = await succeeded(clientAfter, id);
    const attempts = await attemptsOf(clientAfter, id);
    expect(attempts.map(({ cause }) => cause)).toEqual(['handedBack', 'completed']);
    expect(attempts.map(({ stepsRepeated }) => stepsRepeated)).toEqual([0, 0]);
    expect(attempts[1]?.startStep).toBe(attempts[0]?.stepsDone);
    const steps = (await ledgerOf(clientAfter, id)).map(({ step }) => step);
    expect(steps).toEqual(countingTo(progress?.totalSteps ?? 0));
  } finally {
    await second.stopAndRemove();
  }
}, 240_000);
