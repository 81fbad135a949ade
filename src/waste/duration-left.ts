// How much of the time that an experiment may take is left.
import type { LimitsSpec } from '../experiment/spec.ts';
import { portionsOf } from './portions.ts';
import { wasteOf } from './sums.ts';
import type { TimedExperiment } from './waste.ts';

/** What of an experiment says how long it may take, and since when it does. */
export interface LimitedExperiment {
  readonly spec: { readonly limits: LimitsSpec };
  readonly startedAt: Date | null;
}

/**
 * Seconds that are left of the limit, at least one: a workflow that takes the place of a lost one has what that one had left.
 * The time counts from the start of preparing; pauses do not.
 *
 * @param timesOf is asked only for an experiment with a limit that has started.
 * @returns undefined where there is no limit.
 */
export async function durationLeftSeconds(
  { spec, startedAt }: LimitedExperiment,
  timesOf: () => Promise<TimedExperiment | undefined>,
  now: Date,
): Promise<number | undefined> {
  const { durationSeconds } = spec.limits;
  if (durationSeconds === null) return undefined;
  const times = startedAt === null ? undefined : await timesOf();
  if (startedAt === null || times === undefined) return durationSeconds;
  const passed = (now.getTime() - startedAt.getTime()) / 1000;
  const { pausedSeconds } = wasteOf(portionsOf(times, now));
  return Math.max(1, Math.ceil(durationSeconds - passed + pausedSeconds));
}
