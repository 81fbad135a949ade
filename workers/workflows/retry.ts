// What follows a failed attempt: which failures are final, which count, and when the next attempt begins.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ErrorCode } from '../../src/error.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import type { FailedAttempts } from '../../src/experiment/workflow.ts';
import { revokeAttempt } from './lasting-writes.ts';
import { countsAsFruitless, describeFailure, isAway, isFinal, isLostWorker } from './failure.ts';

const retryIntervalSeconds = 2;
/** The interval doubles while what is needed is away. When it is back, this is the longest that nothing happens. */
const longestIntervalSeconds = 30;

/** Attempts in a row, without anything new kept, after which the experiment fails. */
const maximumFruitlessAttempts = 10;

/** Activities are tried again by the loops here, never by Temporal itself: only they know what was kept. */
export const once = { maximumAttempts: 1 } as const;

/** Before the first attempt. */
export const noneFailed: FailedAttempts = { fruitless: 0, away: 0 };

/**
 * To be called with what an attempt threw. Takes its lease away and waits until the next may begin.
 *
 * @param before attempts in a row before this one that kept nothing new.
 * @param advanced whether this one kept something new.
 * @param isOver whether no next attempt is to begin, which ends the wait; left out: never.
 * @returns the attempts for the next call.
 * @throws what was thrown, when it is final or a cancellation; after ten fruitless attempts `blob_corrupt` or
 * `blob_missing` when the last ended so, else `no_progress`.
 */
export async function afterFault(
  { projectId, experimentId }: ExperimentReference,
  error: unknown,
  before: FailedAttempts,
  advanced: boolean,
  isOver = (): boolean => false,
): Promise<FailedAttempts> {
  throwIfFinal(error);
  await revokeAttempt({ projectId, experimentId });
  return untilNextAttempt(error, before, advanced, isOver);
}

/**
 * As {@link afterFault}, for attempts without a lease that keep nothing until they succeed.
 *
 * @throws as `afterFault` does.
 */
export async function afterFaultWithoutLease(
  error: unknown,
  before: FailedAttempts,
): Promise<FailedAttempts> {
  throwIfFinal(error);
  return untilNextAttempt(error, before, false, () => false);
}

function throwIfFinal(error: unknown): void {
  if (isCancellation(error) || isFinal(error)) throw error;
}

async function untilNextAttempt(
  error: unknown,
  before: FailedAttempts,
  advanced: boolean,
  isOver: () => boolean,
): Promise<FailedAttempts> {
  const fruitless = advanced ? 0 : before.fruitless + (countsAsFruitless(error) ? 1 : 0);
  if (fruitless >= maximumFruitlessAttempts) throw noProgress(fruitless, error);
  const away = isAway(error) ? (advanced ? 0 : before.away) + 1 : 0;
  // Whoever starts the worker again waits longer each time that it dies soon.
  const waitsForWorker = isLostWorker(error) && patched('lost-worker-needs-no-wait');
  if (away > 0 && patched('pauses-grow')) await condition(isOver, awaySeconds(away) * 1000);
  else if (!waitsForWorker) await sleep(`${retryIntervalSeconds} s`);
  return { fruitless, away };
}

function awaySeconds(away: number): number {
  return Math.min(longestIntervalSeconds, retryIntervalSeconds * 2 ** (away - 1));
}

/** Damage in the store has a remedy of its own, which the code leads to. */
const damage: readonly string[] = ['blob_corrupt', 'blob_missing'] satisfies ErrorCode[];

function noProgress(count: number, error: unknown): ApplicationFailure {
  const { code, message } = describeFailure(error);
  return ApplicationFailure.nonRetryable(
    `${count} attempts in a row ended without anything new kept; the last one with ${code}: ${message}`,
    damage.includes(code) ? code : 'no_progress',
  );
}

/** Whether the history has become long. Of a cancellation a new run would not know: it ends this one. */
export function isTimeForNewRun(): boolean {
  return workflowInfo().continueAsNewSuggested && !CancellationScope.current().consideredCancelled;
}

/**
 * Runs attempts that each start anew until one succeeds.
 *
 * @param before those that failed before a long history went on here.
 * @param goOn goes on in a new run of the workflow, as its history has become long.
 * @throws as {@link afterFault} does.
 */
export async function untilSuccess<T>(
  experiment: ExperimentReference,
  attempt: () => Promise<T>,
  before: FailedAttempts | undefined,
  goOn: (failed: FailedAttempts) => Promise<never>,
): Promise<T> {
  for (let failed = before ?? noneFailed; ;) {
    try {
      return await attempt();
    } catch (error) {
      failed = await afterFault(experiment, error, failed, false);
    }
    if (isTimeForNewRun() && patched('long-waits-go-on')) await goOn(failed);
  }
}
