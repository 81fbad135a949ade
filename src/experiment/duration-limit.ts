// How much of the time that an experiment may take is left.
import { portionsOf } from './waste-portions.ts';
import type { TimedExperiment } from './waste.ts';

/**
 * Seconds that are left of a limit, at least one: a workflow that takes the place of a lost one has what that one had left.
 * The time counts from the start of preparing; pauses do not.
 *
 * @returns undefined where there is no limit.
 */
export function durationLeftSeconds(
  limitSeconds: number | null,
  startedAt: Date | null,
  times: TimedExperiment,
  now: Date,
): number | undefined {
  if (limitSeconds === null) return undefined;
  if (startedAt === null) return limitSeconds;
  const passed = (now.getTime() - startedAt.getTime()) / 1000;
  const paused = portionsOf(times, now)
    .filter(({ spending }) => spending === 'paused')
    .reduce((total, { seconds }) => total + seconds, 0);
  return Math.max(1, Math.ceil(limitSeconds - passed + paused));
}
