// Which checkpoint is the model of an experiment: the last one, or with early stopping the best.
import { CodedError } from '../error.ts';
import type { CommittedCheckpoint, ExperimentReference } from '../experiment/activity.ts';
import type { ExperimentSpec } from '../experiment/spec.ts';
import type { ExperimentState } from '../experiment/state.ts';
import type { CheckpointManifest } from './checkpoint-manifest.ts';
import type { CheckpointStore } from './checkpoint-store.ts';

export interface ResultCheckpoint extends CommittedCheckpoint {
  readonly manifest: CheckpointManifest;
}

/** What is needed of an experiment's record. */
interface TrainedExperiment {
  readonly projectId: string;
  readonly id: string;
  readonly state: ExperimentState;
  readonly spec: Pick<ExperimentSpec, 'training'>;
  readonly latestCheckpoint: CommittedCheckpoint | null;
}

/** The rows of checkpoints, which say what is committed. */
interface CommittedCheckpoints {
  getCheckpoint(reference: ExperimentReference, step: number): Promise<CommittedCheckpoint | undefined>;
}

/** @throws CodedError `no_checkpoint`; `blob_missing` or `blob_corrupt` when a manifest is not what its name says. */
export async function resultCheckpoint(
  rows: CommittedCheckpoints,
  manifests: Pick<CheckpointStore, 'read'>,
  { projectId, id: experimentId, state, spec, latestCheckpoint }: TrainedExperiment,
): Promise<ResultCheckpoint> {
  if (latestCheckpoint === null)
    throw new CodedError(
      'no_checkpoint',
      `The experiment ${experimentId} is ${state} and has no checkpoint.`,
    );
  const read = async ({ step, id }: CommittedCheckpoint): Promise<ResultCheckpoint> => ({
    step,
    id,
    manifest: await manifests.read(experimentId, step, id),
  });
  const last = await read(latestCheckpoint);
  const best = spec.training.earlyStopping === null ? null : (last.manifest.evaluations?.best ?? null);
  if (best === null || best.step === last.step) return last;
  const row = await rows.getCheckpoint({ projectId, experimentId }, best.step);
  if (row === undefined)
    throw new CodedError('internal', `The best checkpoint, of step ${best.step}, was not committed.`);
  return read(row);
}
