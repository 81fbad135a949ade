// An experiment as JSON, with the fields of the contract.
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import { taskQueues, type TaskQueue } from '../../experiment/name.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import type { PhaseFailure } from '../../database/attempt-repository.ts';
import type { ExperimentBody, ExperimentItemBody } from '../schemas/experiment.ts';

/** The queue whose workers an experiment needs in a state; none while nothing is to be done for it. */
const queueOfState: Readonly<Record<ExperimentState, TaskQueue | null>> = {
  queued: taskQueues.coordinator,
  preparing: taskQueues.evaluation,
  training: taskQueues.training,
  evaluating: taskQueues.evaluation,
  paused: null,
  succeeded: null,
  failed: null,
  cancelled: null,
};

/**
 * What is answered for one experiment, and kept as the answer to an idempotency key. Reads and throws nothing.
 *
 * @param lastFailure why what it is at is tried again.
 */
export function experimentBody(record: ExperimentRecord, lastFailure: PhaseFailure | null): ExperimentBody {
  const { id, requestedAction, spec, evaluation } = record;
  const item = experimentItem(record);
  return {
    ...item,
    requestedAction,
    spec,
    evaluation,
    lastFailure: lastFailure && { ...lastFailure, since: lastFailure.since.toISOString() },
    links: linksOf(id),
  };
}

/** Where a fork branched off; `null` for what is none. */
export function forkedFrom({ lineage }: ExperimentRecord): ExperimentItemBody['forkedFrom'] {
  const part = lineage.at(-1);
  return part === undefined ? null : { experimentId: part.experimentId, step: part.untilStep };
}

/** What a list shows of an experiment. */
export function experimentItem(record: ExperimentRecord): ExperimentItemBody {
  const { latestCheckpoint } = record;
  return {
    id: record.id,
    name: record.name,
    tags: record.tags,
    state: record.state,
    requestedAction: record.requestedAction,
    waitingFor: waitingFor(record),
    progress: progressOf(record),
    snapshot: record.snapshot,
    latestCheckpoint: latestCheckpoint && {
      ...latestCheckpoint,
      createdAt: latestCheckpoint.createdAt.toISOString(),
    },
    attempts: record.attempts,
    forkedFrom: forkedFrom(record),
    error: record.error,
    createdAt: record.createdAt.toISOString(),
    startedAt: record.startedAt?.toISOString() ?? null,
    finishedAt: record.finishedAt?.toISOString() ?? null,
    version: record.version,
  };
}

/** An early stop leaves steps that are never trained: that training is over is told by more than their number. */
function progressOf({ state, progress }: ExperimentRecord): ExperimentBody['progress'] {
  if (progress === null) return null;
  const complete = ['evaluating', 'succeeded'].includes(state) || progress.step === progress.totalSteps;
  const etaSeconds = state === 'training' ? progress.etaSeconds : null;
  return { ...progress, etaSeconds: complete ? 0 : etaSeconds, complete };
}

function waitingFor(record: ExperimentRecord): ExperimentBody['waitingFor'] {
  const { state, startDelayed, openPhase } = record;
  const queue = queueOfState[state];
  if (queue === null) return null;
  if (startDelayed) return { kind: 'temporal', queue };
  return openPhase === state ? null : { kind: 'worker', queue };
}

function linksOf(id: string): ExperimentBody['links'] {
  const self = `/experiments/${id}`;
  return {
    self,
    metrics: `${self}/metrics`,
    checkpoints: `${self}/checkpoints`,
    attempts: `${self}/attempts`,
    events: `${self}/events`,
    ledger: `${self}/ledger`,
    proof: `${self}/proof`,
    waste: `${self}/waste`,
    evaluation: `${self}/evaluation`,
    history: `${self}/history`,
    model: `${self}/model`,
    predictions: `${self}/predictions`,
  };
}
