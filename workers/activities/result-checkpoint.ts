// Which checkpoint is an experiment's result: the last one, or with early stopping the best.
import type { Repositories } from '../../src/database/repositories.ts';
import { CodedError } from '../../src/error.ts';
import type { CommittedCheckpoint, ExperimentReference } from '../../src/experiment/activity.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import type { CheckpointStore } from '../../src/storage/checkpoint-store.ts';

export interface ResultCheckpoint extends CommittedCheckpoint {
  readonly manifest: CheckpointManifest;
}

/** @throws CodedError `no_checkpoint`; `blob_missing` or `blob_corrupt` when it is not what its name says. */
export async function resultCheckpoint(
  { experiments, checkpoints }: Pick<Repositories, 'experiments' | 'checkpoints'>,
  manifests: CheckpointStore,
  reference: ExperimentReference,
): Promise<ResultCheckpoint> {
  const { spec, latestCheckpoint, state } = await experiments.require(reference);
  if (latestCheckpoint === null)
    throw new CodedError('no_checkpoint', `The experiment is ${state} and has no checkpoint.`);
  const read = async ({ step, id }: CommittedCheckpoint): Promise<ResultCheckpoint> => ({
    step,
    id,
    manifest: await manifests.read(reference.experimentId, step, id),
  });
  const last = await read(latestCheckpoint);
  const best = spec.training.earlyStopping === null ? null : (last.manifest.evaluations?.best ?? null);
  if (best === null || best.step === last.step) return last;
  const row = await checkpoints.getCheckpoint(reference, best.step);
  return row === undefined ? last : read(row);
}
