// What it means to verify a span of training: the steps that are computed again, and what that shows.

export interface StepSpan {
  /** Counts from 1. */
  readonly fromStep: number;
  readonly toStep: number;
}

/**
 * `agrees`: all that was looked at is as it was recorded. `differs`: something is not. `undecided`: it could not be told
 * here, because another numeric profile gives other bits.
 */
export interface Verdict {
  readonly state: 'agrees' | 'differs' | 'undecided';
  /** Where `differs` is a step that was computed again. */
  readonly firstDifferentStep: number | null;
  /** What differs, or why nothing can be told; `null` where all agrees. */
  readonly reason: string | null;
}

export type VerificationState = Verdict['state'] | 'running';

export const agrees: Verdict = { state: 'agrees', firstDifferentStep: null, reason: null };

/**
 * The verdict that something is not as it was recorded.
 *
 * @param reason names what differs.
 * @param firstDifferentStep where that is a step; counts from 1.
 */
export function differs(reason: string, firstDifferentStep: number | null = null): Verdict {
  return { state: 'differs', firstDifferentStep, reason };
}

/** The verdict that nothing can be told here. @param reason why not. */
export function undecided(reason: string): Verdict {
  return { state: 'undecided', firstDifferentStep: null, reason };
}
