// Which checkpoint is the model of an experiment.
import type { CheckpointRecord, ExperimentRecord } from '../database/experiment-record.ts';
import { CodedError } from '../error.ts';

/** @throws CodedError `no_checkpoint`. */
export function resultCheckpoint({ id, state, latestCheckpoint }: ExperimentRecord): CheckpointRecord {
  if (latestCheckpoint) return latestCheckpoint;
  throw new CodedError('no_checkpoint', `The experiment ${id} is ${state} and has no checkpoint.`);
}
