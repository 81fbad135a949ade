// A worker that stood still past its heartbeat timeout and was replaced: when it goes on, it can change nothing, gives its
// attempt up, and takes work again.
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient, type Client } from '../../openapi/client.ts';
import { until } from '../../src/local/until.ts';
import {
  attemptsOf,
  countingTo,
  exampleSubmission,
  ledgerOf,
  succeeded,
  trainingWorkers,
  uploadExample,
  wasteOf,
  weightsOf,
} from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

let stack: StackProcess;
let client: Client;
beforeAll(async () => {
  stack = await StackProcess.start();
  client = createClient(stack.url);
});
afterAll(() => stack.stopAndRemove());

it('a worker that was stopped, replaced and continued changes nothing, and trains again when it is needed', async () => {
  const dataset = await uploadExample(client, 800);
  const submission = exampleSubmission(dataset, { epochs: 60, checkpoint: { everySteps: 400 } });
  const twin = await client.submit(submission);
  await succeeded(client, twin.id);

  const { id } = await client.submit(submission);
  // Far from a checkpoint, so that there are steps to repeat.
  await client.waitForExperiment(
    id,
    ({ progress, latestCheckpoint }) => (progress?.step ?? 0) > (latestCheckpoint?.step ?? 0) + 50,
  );
  expect(stack.signal('training-worker', 'SIGSTOP')).toBe(true);
  const stopped = stack.processesOf('training-worker');
  const replacement = stack.joinTrainingWorker();
  await until(async () => (await trainingWorkers(client)) === 2, {
    timeoutSeconds: 40,
    what: 'the second worker',
  });
  const replaced = await client.waitForExperiment(id, ({ attempts }) => attempts === 2);
  const step = replaced.progress?.step ?? 0;
  await client.waitForExperiment(id, ({ progress }) => (progress?.step ?? 0) > step + 50);

  for (const processId of stopped) process.kill(processId, 'SIGCONT');
  const later = await client.waitForExperiment(id, ({ progress }) => (progress?.step ?? 0) > step + 150);
  // The attempt that took over was not disturbed, and the one that stood still is over.
  expect([later.state, later.attempts]).toEqual(['training', 2]);
  process.kill(-replacement.pid!, 'SIGTERM');
  await once(replacement, 'exit');
  const { progress } = await succeeded(client, id);
  expect((await attemptsOf(client, id)).map(({ cause }) => cause)).toEqual([
    'lost',
    'handedBack',
    'completed',
  ]);
  expect(stack.processesOf('training-worker')).toEqual(stopped);
  const waste = await wasteOf(client, id);
  expect(waste.causes.map(({ cause }) => cause)).toEqual(
    expect.arrayContaining(['stalled', 'deploy', 'start', 'queue']),
  );
  expect(waste.repeatedSeconds).toBeGreaterThan(0);

  const ledger = await ledgerOf(client, id);
  expect(ledger.map((entry) => entry.step)).toEqual(countingTo(progress?.totalSteps ?? 0));
  expect(ledger).toEqual(await ledgerOf(client, twin.id));
  expect(await weightsOf(client, id)).toBe(await weightsOf(client, twin.id));
}, 300_000);
