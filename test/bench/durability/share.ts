// Training for some minutes while a worker is killed every so often, or never: how the time was spent.
import { setTimeout as delay } from 'node:timers/promises';
import { loadAverage } from '../machine.ts';
import { beginAccount } from './account.ts';
import { paceOf } from './pace.ts';
import { nowSeconds, Sightings } from './sightings.ts';
import type { TrainingStack } from './training-stack.ts';

export interface ShareOptions {
  readonly checkpointEverySeconds: number;
  readonly minutes: number;
  /** `null`: never. The first kill comes after half of it, so that each is paid for within the time. */
  readonly killEverySeconds: number | null;
}

/** Measures from the first recorded step on. */
export async function measureTraining(stack: TrainingStack, options: ShareOptions) {
  const { checkpointEverySeconds, minutes, killEverySeconds } = options;
  const id = await stack.submit(checkpointEverySeconds);
  const sightings = new Sightings(stack.client, id);
  await sightings.first(({ checkpointStep }) => checkpointStep > 0);
  const from = sightings.all.length - 1;
  const account = await beginAccount(stack.client, id);
  const began = nowSeconds();
  const end = began + minutes * 60;
  let kills = 0;
  for (
    let next = (killEverySeconds ?? Infinity) / 2;
    began + next < end;
    next += killEverySeconds ?? Infinity
  ) {
    await delay(Math.max(0, began + next - nowSeconds()) * 1000);
    await stack.killTrainingWorker();
    kills += 1;
  }
  await delay(Math.max(0, end - nowSeconds()) * 1000);
  const { checkpoints, ...pace } = paceOf(sightings.all.slice(from));
  const shares = await account();
  sightings.stop();
  await stack.end(id);
  return { ...options, kills, checkpoints, ...pace, ...shares, loadAverage: loadAverage() };
}
