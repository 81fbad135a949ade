// What is said of where the time of an experiment went: kinds of spending, and the causes of those that brought nothing.
import type { AttemptCause, AttemptPhase } from '../experiment/attempt.ts';

/** Why a second was not spent in a step that counted, an evaluation or a preparation. */
export const wasteCauses = [
  'killed',
  'stalled',
  'machineFault',
  'deploy',
  'cancelled',
  'paused',
  'failed',
  'start',
  'queue',
  'checkpoint',
  'fork',
] as const;

export type WasteCause = (typeof wasteCauses)[number];

/** What the time was spent in. The last four are no waste, and have no cause. */
export type Spending =
  'repeated' | 'restoring' | 'queued' | 'stalled' | 'useful' | 'evaluation' | 'preparing' | 'paused';

/** Seconds of one kind, spread evenly over a stretch of time. */
export interface Portion {
  readonly spending: Spending;
  /** null for what is no waste. */
  readonly cause: WasteCause | null;
  readonly seconds: number;
  readonly from: Date;
  readonly to: Date;
}

/** What a worker has measured of an attempt at training since its start. */
export interface AttemptTimes {
  /** In steps that were recorded for the first time. */
  readonly usefulSeconds: number;
  /** In steps that had been recorded before. */
  readonly repeatedSeconds: number;
  /** In which training stood still for a checkpoint. */
  readonly checkpointSeconds: number;
  /** In evaluations during training. */
  readonly evaluationSeconds: number;
}

/** An attempt, as far as its time is concerned. */
export interface TimedAttempt extends AttemptTimes {
  readonly phase: AttemptPhase;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly cause: AttemptCause | null;
  readonly restoredAt: Date | null;
  readonly refusedAt: Date | null;
}

/** An experiment, as far as its time is concerned; the attempts of every phase, in the order of their leases. */
export interface TimedExperiment {
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  readonly attempts: readonly TimedAttempt[];
  /** While its state was that of a pause, one after the other; `null`: it still is. */
  readonly pauses: readonly Pause[];
}

export interface Pause {
  readonly from: Date;
  readonly to: Date | null;
}

/** Why an attempt ended without having completed; undefined where it completed, or still runs, or there was none. */
export function causeOfEnd(attempt: TimedAttempt | undefined, isFinal = false): WasteCause | undefined {
  switch (attempt?.cause) {
    case undefined:
    case null:
    case 'completed':
      return undefined;
    case 'handedBack':
      return 'deploy';
    case 'lost':
      // Who comes back after having been replaced had not been killed.
      return attempt.refusedAt === null ? 'killed' : 'stalled';
    case 'failed':
      return isFinal ? 'failed' : 'machineFault';
    case 'paused':
    case 'cancelled':
      return attempt.cause;
  }
}
