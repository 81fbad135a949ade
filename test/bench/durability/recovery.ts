// From the kill of the training worker until steps are recorded that had not been before.
import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../distribution.ts';
import { loadAverage } from '../machine.ts';
import { nowSeconds, Sightings } from './sightings.ts';
import type { TrainingStack } from './training-stack.ts';

/** A worker that has lived for less is started again later and later: kills come no faster than this. */
const leastSecondsBetweenKills = 20;
/** Kills are to fall anywhere between two checkpoints. */
const spreadSeconds = [0, 0.8, 1.6, 2.4, 3.2];

interface Recovery {
  readonly heartbeatTimeoutSeconds: number;
  /** Until a step that had been recorded before is recorded again; `null` where the last was in a checkpoint. */
  readonly firstRepeatedStepSeconds: number | null;
  readonly nextUsefulStepSeconds: number;
  readonly loadAverage: number;
}

export async function measureRecovery(
  stack: TrainingStack,
  { kills, checkpointEverySeconds }: { readonly kills: number; readonly checkpointEverySeconds: number },
  say: (line: string) => void,
) {
  const id = await stack.submit(checkpointEverySeconds);
  const sightings = new Sightings(stack.client, id);
  const recoveries: Recovery[] = [];
  await sightings.first(({ checkpointStep }) => checkpointStep > 0);
  for (let kill = 0; kill < kills; kill += 1) {
    await delay((leastSecondsBetweenKills + (spreadSeconds[kill % spreadSeconds.length] ?? 0)) * 1000);
    const recovery = await recover(stack, id, sightings);
    recoveries.push(recovery);
    say(`  kill ${kill + 1}: ${JSON.stringify(recovery)}`);
  }
  sightings.stop();
  await stack.end(id);
  const of = (name: 'nextUsefulStepSeconds' | 'firstRepeatedStepSeconds') =>
    recoveries.map((recovery) => recovery[name]).filter((seconds) => seconds !== null);
  return {
    checkpointEverySeconds,
    kills,
    heartbeatTimeoutSeconds: Math.max(...recoveries.map((recovery) => recovery.heartbeatTimeoutSeconds)),
    medianNextUsefulStepSeconds: median(of('nextUsefulStepSeconds')),
    medianFirstRepeatedStepSeconds: median(of('firstRepeatedStepSeconds')),
    recoveries,
  };
}

async function recover(stack: TrainingStack, id: string, sightings: Sightings): Promise<Recovery> {
  const heartbeatTimeoutSeconds = await stack.heartbeatTimeoutSeconds(id);
  const killedAt = nowSeconds();
  await stack.killTrainingWorker();
  const { progress } = await stack.client.getExperiment(id);
  const lastStep = progress?.step ?? 0;
  // What was recorded before the kill is seen by now, or within a moment.
  await sightings.first(({ step }) => step >= lastStep);
  const seen = sightings.all.length;
  const useful = await sightings.first(({ step }) => step > lastStep, seen);
  const repeated = sightings.all.slice(seen).find(({ step }) => step < lastStep);
  return {
    heartbeatTimeoutSeconds,
    firstRepeatedStepSeconds: repeated ? repeated.atSeconds - killedAt : null,
    nextUsefulStepSeconds: useful.atSeconds - killedAt,
    loadAverage: loadAverage(),
  };
}
