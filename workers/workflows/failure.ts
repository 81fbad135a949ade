// What a failed activity or child workflow means for the experiment: a code and a message that a user can read.
import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { ErrorCode } from '../../src/error.ts';
import type { ExperimentFailure } from '../../src/experiment/activity.ts';
import { workerLost } from '../../src/experiment/name.ts';

/** The failure at the bottom of the wrappings that Temporal puts around it. */
function rootOf(error: unknown): unknown {
  const wraps = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  return wraps && error.cause !== undefined ? rootOf(error.cause) : error;
}

/** Activities put the error's code into the failure's type; what has none is a fault of ours. */
export function describeFailure(error: unknown): ExperimentFailure {
  const root = rootOf(error);
  if (root instanceof ApplicationFailure) return { code: root.type ?? 'internal', message: root.message };
  if (root instanceof TimeoutFailure)
    return {
      code: 'no_progress',
      message: 'The worker was silent for longer than it may be.',
    };
  // As where the coordinator itself is: somebody meant it.
  if (root instanceof TerminatedFailure)
    return {
      code: 'workflow_terminated',
      message: 'Its training or evaluation was terminated in Temporal.',
    };
  return { code: 'internal', message: 'The experiment ended through an unexpected fault.' };
}

/** What an attempt needs is away, or its row was restored: the next would most likely end at once as well. */
const away: readonly ErrorCode[] = [
  'database_unavailable',
  'storage_unavailable',
  'temporal_unavailable',
  'hub_unavailable',
  'row_behind',
];

/** Failures that say nothing about the experiment. */
const excused: readonly (ErrorCode | 'worker_stopping')[] = [...away, 'worker_stopping'];

/** Whether a failed attempt counts towards giving up. */
export function countsAsFruitless(error: unknown): boolean {
  return !hasCodeOf(excused, error);
}

/** Whether an attempt ended since what it needs is away. */
export function isAway(error: unknown): boolean {
  return hasCodeOf(away, error);
}

function hasCodeOf(codes: readonly string[], error: unknown): boolean {
  const root = rootOf(error);
  return root instanceof ApplicationFailure && codes.includes(root.type ?? '');
}

/** Whether the worker of the attempt died, and the one that took its place said so. */
export function isLostWorker(error: unknown): boolean {
  const root = rootOf(error);
  return root instanceof ApplicationFailure && root.type === workerLost;
}

/** Whether trying again would give the same. */
export function isFinal(error: unknown): boolean {
  const root = rootOf(error);
  return root instanceof ApplicationFailure && root.nonRetryable === true;
}
