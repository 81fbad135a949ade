// The promise of the project: an experiment whose processes are killed at random moments ends with the same bytes as
// one that nobody disturbs.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
import { StackProcess, type PartName } from './stack-process.ts';

const seed = 2026;
/** Every part of an experiment's way, the training worker six times. */
const victims: readonly PartName[] = [
  'training-worker',
  'training-worker',
  'http/server',
  'training-worker',
  'coordinator-worker',
  'training-worker',
  'training-worker',
  'coordinator-worker',
  'http/server',
  'training-worker',
];
const training = { epochs: 36, checkpoint: { everySteps: 25 } };

/** Uniform numbers in [0, 1) from a linear congruential sequence (Knuth, TAOCP 2, 3.3.4). */
function generator(start: number): () => number {
  let state = start;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

let stack: StackProcess;
let client: Client;
beforeAll(async () => {
  stack = await StackProcess.start();
  client = createClient(stack.url);
});
afterAll(() => stack.stopAndRemove());

/** How long an experiment may stand still after its worker was killed. */
const recoveryLimitSeconds = 30;

/**
 * Kills each victim after training has advanced by a random number of steps.
 *
 * @returns how many processes ended, and how long each killed training worker kept the experiment from its next attempt.
 */
async function disturb(id: string): Promise<{ killed: number; recoverySeconds: number[] }> {
  const random = generator(seed);
  const recoverySeconds: number[] = [];
  let killed = 0;
  let lastStep = 0;
  for (const victim of victims) {
    const target = lastStep + 3 + Math.floor(random() * 30);
    const reached = await client.waitForExperiment(id, ({ progress }) => (progress?.step ?? 0) >= target);
    if (reached.state !== 'training') break;
    lastStep = reached.progress?.step ?? target;
    await delay(random() * 300);
    if (stack.signal(victim, 'SIGKILL')) killed += 1;
    if (victim !== 'training-worker') continue;
    const killedAt = Date.now();
    await client.waitForExperiment(id, ({ attempts }) => attempts > reached.attempts);
    recoverySeconds.push((Date.now() - killedAt) / 1000);
  }
  return { killed, recoverySeconds };
}

describe('an experiment whose processes are killed', () => {
  it('ends with the same weights and the same ledger as its undisturbed twin', async () => {
    const dataset = await uploadExample(client);
    const submission = exampleSubmission(dataset, training);
    const undisturbed = await client.submit(submission);
    const { progress } = await succeeded(client, undisturbed.id);

    const disturbed = await client.submit(submission);
    const { killed, recoverySeconds } = await disturb(disturbed.id);
    await succeeded(client, disturbed.id);

    expect(killed).toBe(victims.length);
    expect(recoverySeconds).toHaveLength(6);
    expect(Math.max(...recoverySeconds)).toBeLessThan(recoveryLimitSeconds);
    const causes = (await attemptsOf(client, disturbed.id)).map(({ cause }) => cause);
    expect(causes).toEqual([...Array<string>(6).fill('lost'), 'completed']);
    expect(await weightsOf(client, disturbed.id)).toBe(await weightsOf(client, undisturbed.id));
    const ledger = await ledgerOf(client, disturbed.id);
    expect(ledger.map(({ step }) => step)).toEqual(countingTo(progress?.totalSteps ?? 0));
    expect(ledger).toEqual(await ledgerOf(client, undisturbed.id));
  }, 400_000);

  it('is told apart from one with another seed: the comparison can fail', async () => {
    const dataset = await uploadExample(client);
    const [one, other] = await Promise.all(
      [1, 2].map((seedOfOne) => client.submit(exampleSubmission(dataset, { epochs: 1, seed: seedOfOne }))),
    );
    await Promise.all([one, other].map((experiment) => succeeded(client, experiment?.id ?? '')));
    expect(await weightsOf(client, one?.id ?? '')).not.toBe(await weightsOf(client, other?.id ?? ''));
  }, 120_000);
});
