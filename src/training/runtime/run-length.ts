// How many steps one run takes: as many as keep it short, since a run cannot be interrupted.
import { slotsOf, type StepPlan } from '../step-inputs.ts';
import type { StepSummary } from '../step-planner.ts';

/** What ends a run. */
export const runLimits = {
  /** So that progress is told often even where steps take a millisecond. */
  steps: 100,
  /** That a run aims at; the longest allowed is 2 s, and an estimate can be wrong. */
  seconds: 1.7,
  /** Of dropout masks, unless one step alone needs more. */
  maskBytes: 256 * 2 ** 20,
} as const;

/** Runs between two checkpoints that go by the clock, at least: one of them falls near the moment at which one is due. */
const runsBetweenCheckpoints = 4;

/**
 * What a run aims at, in seconds.
 * @param everySeconds between two checkpoints.
 */
export const runSeconds = (everySeconds: number): number =>
  Math.min(runLimits.seconds, everySeconds / runsBetweenCheckpoints);

/** How long steps took in the last run. */
export interface Pace {
  readonly secondsPerStep: number;
  readonly slotsPerStep: number;
}

/** Before anything was run: one step at a time. */
export const unknownPace: Pace = { secondsPerStep: Infinity, slotsPerStep: 1 };

/**
 * The pace of a run that was made.
 * @param steps at least one.
 * @param seconds of all of them together.
 */
export function paceOf(steps: readonly StepSummary[], seconds: number): Pace {
  return {
    secondsPerStep: seconds / steps.length,
    slotsPerStep: steps.reduce((sum, { slots }) => sum + slots, 0) / steps.length,
  };
}

/**
 * The first plans of a sequence that together make a run; at least one while the sequence has any.
 * @param limits the most steps and seconds, and how large the dropout masks of a step are.
 */
export function takeRun(
  next: () => StepPlan | undefined,
  { secondsPerStep, slotsPerStep }: Pace,
  limits: {
    readonly steps: number;
    readonly seconds: number;
    readonly maskBytesOf: (plan: StepPlan) => number;
  },
): StepPlan[] {
  const plans: StepPlan[] = [];
  let seconds = 0;
  let bytes = 0;
  while (
    plans.length < Math.min(limits.steps, runLimits.steps) &&
    (plans.length === 0 || seconds + secondsPerStep <= limits.seconds)
  ) {
    const plan = next();
    if (plan === undefined) break;
    plans.push(plan);
    // A step is never cheaper than the average of the last run, since part of its cost does not depend on tokens.
    seconds += secondsPerStep * Math.max(1, slotsOf(plan) / slotsPerStep);
    bytes += limits.maskBytesOf(plan);
    if (bytes * (1 + 1 / plans.length) > runLimits.maskBytes) break;
  }
  return plans;
}
