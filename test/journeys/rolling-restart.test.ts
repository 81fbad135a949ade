// A deploy: every process is stopped in an orderly way and started again, one after the other, while ten experiments run.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient, type Client } from '../../openapi/client.ts';
import { until } from '../../src/local/until.ts';
import {
  attemptsOf,
  countingTo,
  exampleSubmission,
  ledgerOf,
  succeeded,
  uploadExample,
  wasteOf,
  weightsOf,
} from './example-experiment.ts';
import { StackProcess, type PartName } from './stack-process.ts';

const experiments = 10;
const rounds = 2;

/** How each part is told to stop: PostgreSQL's fast shutdown is SIGINT. */
const parts: readonly (readonly [PartName, NodeJS.Signals])[] = [
  ['training-worker', 'SIGTERM'],
  ['coordinator-worker', 'SIGTERM'],
  ['evaluation-worker', 'SIGTERM'],
  ['http/server', 'SIGTERM'],
  ['temporal', 'SIGTERM'],
  ['postgres', 'SIGINT'],
];

let stack: StackProcess;
let client: Client;
beforeAll(async () => {
  stack = await StackProcess.start();
  client = createClient(stack.url);
});
afterAll(() => stack.stopAndRemove());

async function restart(part: PartName, signal: NodeJS.Signals): Promise<void> {
  // Something else may have ended it, and it is about to be started again.
  await until(() => stack.processesOf(part).length > 0, { timeoutSeconds: 40, what: part });
  const before = stack.processesOf(part);
  expect(stack.signal(part, signal), part).toBe(true);
  const isNew = (): boolean =>
    stack.processesOf(part).length > 0 && !stack.processesOf(part).some((id) => before.includes(id));
  await until(isNew, { timeoutSeconds: 40, what: part });
  // A deploy goes on when what was restarted has taken up its work.
  await delay(3000);
}

/** Waits until one of them is in the middle of its training, so that there is something to hand back. */
async function untilOneTrains(ids: readonly string[]): Promise<void> {
  const isAmid = async (id: string): Promise<boolean> => {
    const { state, progress } = await client.getExperiment(id);
    return (
      state === 'training' &&
      progress !== null &&
      progress.step > 20 &&
      progress.step < progress.totalSteps / 2
    );
  };
  const oneTrains = async (): Promise<boolean> => (await Promise.all(ids.map(isAmid))).some(Boolean);
  await until(oneTrains, { timeoutSeconds: 60, what: 'a training' });
}

it('a restart of every process, one by one, loses no step of ten experiments, repeats none and fails none', async () => {
  const dataset = await uploadExample(client, 800);
  const submission = exampleSubmission(dataset, { epochs: 16 });
  const ids: string[] = [];
  for (let count = 0; count < experiments; count += 1) ids.push((await client.submit(submission)).id);
  for (let round = 1; round <= rounds; round += 1)
    for (const [part, signal] of parts) {
      if (part === 'training-worker') await untilOneTrains(ids);
      await restart(part, signal);
    }

  const ended = await Promise.all(ids.map((id) => succeeded(client, id)));
  const causes = (await Promise.all(ids.map((id) => attemptsOf(client, id)))).flat();
  expect(new Set(causes.map(({ cause }) => cause))).toEqual(new Set(['completed', 'handedBack']));
  expect(causes.map(({ stepsRepeated }) => stepsRepeated)).toEqual(causes.map(() => 0));
  const totalSteps = ended[0]?.progress?.totalSteps ?? 0;
  const [ledger] = await Promise.all(ids.slice(0, 1).map((id) => ledgerOf(client, id)));
  expect(ledger?.map(({ step }) => step)).toEqual(countingTo(totalSteps));
  for (const id of ids) {
    expect(await ledgerOf(client, id)).toEqual(ledger);
    expect(await weightsOf(client, id)).toBe(await weightsOf(client, ids[0] ?? ''));
    expect((await wasteOf(client, id)).repeatedSeconds).toBe(0);
  }
}, 400_000);
