// What is right where PostgreSQL, Temporal and the store disagree about an experiment. Decisions only; acting on them is elsewhere.
import type { ExperimentFailure } from './activity.ts';
import { hasEnded, type ExperimentState } from './state.ts';
import type { CoordinatorResult } from './workflow.ts';

/** What the database says of an experiment. */
export interface RowFacts {
  readonly state: ExperimentState;
  readonly stateSequence: number;
  /** Whether the outbox holds the order to start its workflow. */
  readonly isToStart: boolean;
  readonly hasSnapshot: boolean;
  readonly hasReport: boolean;
  /** Of the newest checkpoint. */
  readonly checkpointStep: number | null;
  /** `sha256:…` of the newest checkpoint's manifest. */
  readonly checkpointId: string | null;
  /** Whether the store has no manifest for the newest checkpoint. */
  readonly manifestMissing: boolean;
}

/** What a workflow had written to the database, as its history tells: only what was confirmed. */
export interface RecordedProgress {
  /** Of the last transition. */
  readonly sequence: number;
  readonly hasSnapshot: boolean;
  /** The checkpoint that training ended with, or was paused at. */
  readonly trainedStep: number | null;
  /** What the last transition said was wrong. */
  readonly failure: ExperimentFailure | null;
}

/** What Temporal says of the experiment's workflow. */
export type WorkflowFacts =
  | { readonly status: 'unknown' | 'cancelled' | 'terminated' | 'timedOut' | 'failed' }
  | { readonly status: 'running'; readonly recorded: RecordedProgress }
  | {
      readonly status: 'completed';
      readonly recorded: RecordedProgress;
      readonly result: CoordinatorResult;
    };

/** What was found. Part of events and of the report: a name once given stays. */
type Finding =
  | 'workflow_missing'
  | 'workflow_closed'
  | 'row_missing'
  | 'row_behind'
  | 'row_ended'
  | 'parent_missing'
  | 'manifest_missing';

type Repair =
  /** A new workflow goes on from what the row and the store have. */
  | { readonly action: 'startAgain' }
  | {
      readonly action: 'end';
      readonly state: 'succeeded' | 'failed' | 'cancelled';
      readonly error: ExperimentFailure | null;
    }
  | { readonly action: 'terminateWorkflow' }
  | { readonly action: 'forgetCheckpoint'; readonly step: number; readonly checkpointId: string };

export interface Difference {
  readonly found: Finding;
  readonly repair: Repair;
}

/** What the database says of a verification that is not decided. */
export interface VerificationFacts {
  /** Since it was asked for, by the database's clock. */
  readonly ageSeconds: number;
  /** Whether the outbox holds the order to start its workflow. */
  readonly isToStart: boolean;
}

export interface VerificationDifference {
  readonly found: 'workflow_missing' | 'workflow_closed';
  /** It is decided as `undecided`. */
  readonly repair: { readonly action: 'decide'; readonly reason: string };
}

/** A workflow that was started just now may not be known everywhere yet. */
const leastVerificationAgeSeconds = 60;

/**
 * Compares one experiment's row with its workflow. The row must have been read before the workflow.
 *
 * @param row `undefined` where there is none.
 * @returns `undefined` where both agree, or may yet.
 */
export function reconcile(row: RowFacts | undefined, workflow: WorkflowFacts): Difference | undefined {
  if (row === undefined) return ifRunning(workflow, 'row_missing');
  if (hasEnded(row.state)) return ifRunning(workflow, 'row_ended');
  if (row.isToStart) return undefined;
  switch (workflow.status) {
    case 'unknown':
      return startAgain('workflow_missing');
    case 'running':
      return isBehind(row, workflow.recorded) ? startAgain('row_behind') : lostManifest(row);
    case 'completed':
      return afterResult(row, workflow.recorded, workflow.result);
    case 'cancelled':
      return end('cancelled', null);
    case 'terminated':
    case 'timedOut':
    case 'failed':
      return end('failed', terminated(workflow.status));
  }
}

/**
 * Compares the row of a verification that is not decided with its workflow. The row must have been read before the workflow.
 * Nothing was kept of what it computed, and the user can ask again: it is not started anew.
 *
 * @returns `undefined` where both agree, or may yet.
 */
export function reconcileVerification(
  { ageSeconds, isToStart }: VerificationFacts,
  status: WorkflowFacts['status'],
): VerificationDifference | undefined {
  if (status === 'running' || isToStart || ageSeconds < leastVerificationAgeSeconds) return undefined;
  const found = status === 'unknown' ? 'workflow_missing' : 'workflow_closed';
  const reason = `The verification’s workflow ${whatBecameOf[status]}.`;
  return { found, repair: { action: 'decide', reason } };
}

/** Whether a workflow was told that something is written which the row does not have: then the row was restored. */
function isBehind(
  { stateSequence, hasSnapshot, checkpointStep }: RowFacts,
  recorded: RecordedProgress,
): boolean {
  return (
    recorded.sequence > stateSequence ||
    (recorded.hasSnapshot && !hasSnapshot) ||
    (recorded.trainedStep ?? 0) > (checkpointStep ?? 0)
  );
}

/**
 * The ledger and the rows of checkpoints are in the database alone. Where the row lacks more than the last transition, a
 * success is computed again, which gives the same bytes.
 */
function afterResult(row: RowFacts, recorded: RecordedProgress, result: CoordinatorResult): Difference {
  switch (result.state) {
    case 'cancelled':
      return end('cancelled', null);
    case 'failed':
      return end(
        'failed',
        recorded.failure ?? { code: result.code, message: 'The workflow ended with this code.' },
      );
    case 'succeeded': {
      const lacksTransition = !isBehind({ ...row, stateSequence: recorded.sequence }, recorded);
      const isWhole = row.state === 'evaluating' && row.hasReport && lacksTransition;
      return isWhole ? end('succeeded', null) : startAgain('row_behind');
    }
  }
}

/** Training would fall back to the checkpoint before; the row must not be offered to anybody meanwhile. */
function lostManifest({
  manifestMissing,
  checkpointStep: step,
  checkpointId,
}: RowFacts): Difference | undefined {
  if (!manifestMissing || step === null || checkpointId === null) return undefined;
  return { found: 'manifest_missing', repair: { action: 'forgetCheckpoint', step, checkpointId } };
}

function ifRunning({ status }: WorkflowFacts, found: Finding): Difference | undefined {
  return status === 'running' ? { found, repair: { action: 'terminateWorkflow' } } : undefined;
}

function startAgain(found: Finding): Difference {
  return { found, repair: { action: 'startAgain' } };
}

function end(state: 'succeeded' | 'failed' | 'cancelled', error: ExperimentFailure | null): Difference {
  return { found: 'workflow_closed', repair: { action: 'end', state, error } };
}

const whatBecameOf = {
  unknown: 'is not known to Temporal',
  completed: 'has ended, and the database lacks its verdict',
  cancelled: 'was cancelled in Temporal',
  terminated: 'was terminated in Temporal',
  timedOut: 'ran out of the time that Temporal gave it',
  failed: 'failed in Temporal',
} as const;

function terminated(status: 'terminated' | 'timedOut' | 'failed'): ExperimentFailure {
  return {
    code: 'workflow_terminated',
    message: `The experiment’s workflow ${whatBecameOf[status]}.`,
  };
}
