// What follows from the times at which steps were seen: how long a step takes, what a checkpoint delays, and how much of the
// time went into steps that counted.
import type { Sighting } from './sightings.ts';

/** The time between two answers that told of new steps. */
interface Interval {
  readonly seconds: number;
  /** Steps that no answer had told of before. */
  readonly newSteps: number;
  /** Whether steps were told of again in it. */
  readonly isInterrupted: boolean;
  /** Whether the run of steps began with the handing over of a checkpoint. */
  readonly followsCheckpoint: boolean;
}

export interface Pace {
  /** Of intervals without a checkpoint or a fault, in the mean. */
  readonly secondsPerStep: number;
  /** Of that time what intervals that follow a checkpoint took longer than others: its upload needs the processors, too. */
  readonly slowdownShare: number;
  /** What steps that counted would take at that pace, of all the time: being slowed down counts as lost, too. */
  readonly paceShare: number;
  readonly checkpoints: number;
  readonly newSteps: number;
  readonly seconds: number;
}

export function paceOf(sightings: readonly Sighting[]): Pace {
  const intervals = intervalsOf(sightings);
  const quiet = intervals.filter(
    ({ isInterrupted, followsCheckpoint }) => !isInterrupted && !followsCheckpoint,
  );
  const stalled = intervals.filter(
    ({ isInterrupted, followsCheckpoint }) => !isInterrupted && followsCheckpoint,
  );
  const secondsPerStep = secondsOf(quiet) / stepsOf(quiet);
  const slowdownSeconds = secondsOf(stalled) - stepsOf(stalled) * secondsPerStep;
  const uninterruptedSeconds = secondsOf(quiet) + secondsOf(stalled);
  const seconds = secondsOf(intervals);
  return {
    secondsPerStep,
    slowdownShare: slowdownSeconds / uninterruptedSeconds,
    paceShare: (stepsOf(intervals) * secondsPerStep) / seconds,
    checkpoints: new Set(sightings.map(({ checkpointStep }) => checkpointStep)).size - 1,
    newSteps: stepsOf(intervals),
    seconds,
  };
}

const secondsOf = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, { seconds }) => sum + seconds, 0);
const stepsOf = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, { newSteps }) => sum + newSteps, 0);

function intervalsOf(sightings: readonly Sighting[]): Interval[] {
  const [first] = sightings;
  if (first === undefined) return [];
  const checkpoints = new Set(sightings.map(({ checkpointStep }) => checkpointStep));
  const intervals: Interval[] = [];
  let last = first;
  let isInterrupted = false;
  for (const sighting of sightings) {
    if (sighting.step < last.step) isInterrupted = true;
    if (sighting.step <= last.step) continue;
    intervals.push({
      seconds: sighting.atSeconds - last.atSeconds,
      newSteps: sighting.step - last.step,
      isInterrupted,
      followsCheckpoint: last.step > 0 && checkpoints.has(last.step),
    });
    last = sighting;
    isInterrupted = false;
  }
  return intervals;
}
