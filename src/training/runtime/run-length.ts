// How many steps one run takes: as many as keep it short, since a run cannot be interrupted.
import type { StepPlan } from '../step-inputs.ts';

/** Seconds that a run aims at; the longest allowed is 2 s, and an estimate can be wrong. */
const targetSeconds = 1.5;

/** Steps of one run at most, so that progress is told often even where steps take a millisecond. */
const mostSteps = 100;

/** Bytes of dropout masks of one run at most, unless one step alone needs more. */
const mostMaskBytes = 256 * 2 ** 20;

function paddedTokens({ batch }: StepPlan): number {
  return batch.size * batch.length;
}

/** Learns from each run how long steps take. */
export class RunLength {
  private secondsPerStep = Infinity;
  private tokensPerStep = 1;

  /** The first plans of a sequence that together make a run; at least one while the sequence has any. */
  take(next: () => StepPlan | undefined, maskBytesOf: (plan: StepPlan) => number, limit: number): StepPlan[] {
    const plans: StepPlan[] = [];
    let seconds = 0;
    let bytes = 0;
    while (
      plans.length < Math.min(limit, mostSteps) &&
      (plans.length === 0 || seconds + this.secondsPerStep <= targetSeconds)
    ) {
      const plan = next();
      if (plan === undefined) break;
      plans.push(plan);
      // A step is never cheaper than the average of the last run, since part of its cost does not depend on tokens.
      seconds += this.secondsPerStep * Math.max(1, paddedTokens(plan) / this.tokensPerStep);
      bytes += maskBytesOf(plan);
      if (bytes * (1 + 1 / plans.length) > mostMaskBytes) break;
    }
    return plans;
  }

  learn(plans: readonly StepPlan[], seconds: number): void {
    this.secondsPerStep = seconds / plans.length;
    this.tokensPerStep = plans.reduce((sum, plan) => sum + paddedTokens(plan), 0) / plans.length;
  }
}
