// What follows a failed attempt: which failures are final, which count, and when the next attempt begins.
import { ApplicationFailure, isCancellation, patched, proxyActivities, sleep } from '@temporalio/workflow';
import type { CoordinatorActivities, ExperimentReference } from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import { countsAsFruitless, describeFailure, isFinal, isLostWorker } from './failure.ts';

const retryIntervalSeconds = 2;

/** Attempts in a row, without anything new kept, after which the experiment fails. */
const maximumFruitlessAttempts = 10;

/** Activities are tried again by the loops here, never by Temporal itself: only they know what was kept. */
export const once = { maximumAttempts: 1 } as const;

/** Short writes are tried for as long as the database is away. */
export const persistent = {
  taskQueue: taskQueues.coordinator,
  startToCloseTimeout: '60 s',
  retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '10 s' },
} as const;

const { revokeAttempt } = proxyActivities<CoordinatorActivities>(persistent);

/**
 * To be called with what an attempt threw. Takes its lease away and waits until the next may begin.
 *
 * @param fruitless attempts in a row before this one that kept nothing new.
 * @param advanced whether this one kept something new.
 * @returns the count for the next call.
 * @throws what was thrown, when it is final or a cancellation; after ten fruitless attempts `blob_corrupt` or
 * `blob_missing` when the last ended so, else `no_progress`.
 */
export async function afterFault(
  { projectId, experimentId }: ExperimentReference,
  error: unknown,
  fruitless: number,
  advanced: boolean,
): Promise<number> {
  throwIfFinal(error);
  await revokeAttempt({ projectId, experimentId });
  return untilNextAttempt(error, fruitless, advanced);
}

/**
 * As {@link afterFault}, for attempts without a lease that keep nothing until they succeed.
 *
 * @throws as `afterFault` does.
 */
export async function afterFaultWithoutLease(error: unknown, fruitless: number): Promise<number> {
  throwIfFinal(error);
  return untilNextAttempt(error, fruitless, false);
}

function throwIfFinal(error: unknown): void {
  if (isCancellation(error) || isFinal(error)) throw error;
}

async function untilNextAttempt(error: unknown, fruitless: number, advanced: boolean): Promise<number> {
  const count = advanced ? 0 : fruitless + (countsAsFruitless(error) ? 1 : 0);
  if (count >= maximumFruitlessAttempts) throw noProgress(count, error);
  // Whoever starts the worker again waits longer each time that it dies soon.
  const waitsForWorker = isLostWorker(error) && patched('lost-worker-needs-no-wait');
  if (!waitsForWorker) await sleep(`${retryIntervalSeconds} s`);
  return count;
}

/** Damage in the store has a remedy of its own, which the code leads to. */
const damage: readonly string[] = ['blob_corrupt', 'blob_missing'];

function noProgress(count: number, error: unknown): ApplicationFailure {
  const { code, message } = describeFailure(error);
  return ApplicationFailure.nonRetryable(
    `${count} attempts in a row ended without anything new kept; the last one with ${code}: ${message}`,
    damage.includes(code) ? code : 'no_progress',
  );
}

/** Runs attempts that each start anew until one succeeds. */
export async function untilSuccess<T>(
  experiment: ExperimentReference,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let fruitless = 0; ;) {
    try {
      return await attempt();
    } catch (error) {
      fruitless = await afterFault(experiment, error, fruitless, false);
    }
  }
}
