// Where an attempt goes on from: the newest committed checkpoint whose objects are all what their names say.
import { allEnded } from '../../src/waiting/all-ended.ts';
import type { CheckpointRepository } from '../../src/database/checkpoint-repository.ts';
import type { CodedError } from '../../src/error.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import type { Logger } from '../../src/log.ts';
import { isDamage, type BlobStore } from '../../src/storage/blob-store.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import type { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import type { TrainingState } from '../../src/training/job.ts';
import { readStoredTensors } from './stored-tensors.ts';

export interface RestoredCheckpoint {
  readonly id: string;
  readonly manifest: CheckpointManifest;
  readonly state: TrainingState;
}

export interface CheckpointSources {
  /** Rows say which checkpoints count. */
  readonly rows: Pick<CheckpointRepository, 'listCheckpoints'>;
  readonly manifests: CheckpointStore;
  readonly blobs: BlobStore;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Reads the newest checkpoint, or the one before when an object of it is lost or broken, and so on. The steps after it are
 * computed again and held against the ledger; the same stores then replace the broken objects.
 *
 * @returns `undefined` when no checkpoint was ever committed.
 * @throws CodedError `blob_missing` or `blob_corrupt`, that of the newest, when there are checkpoints and none is intact;
 * `storage_unavailable`, `database_unavailable`; what `onProgress` throws.
 */
export async function lastIntactCheckpoint(
  { rows, manifests, blobs, log }: CheckpointSources,
  reference: ExperimentReference,
  onProgress: () => void,
): Promise<RestoredCheckpoint | undefined> {
  let fault: CodedError | undefined;
  let beforeStep: number | undefined;
  for (;;) {
    const [row] = await rows.listCheckpoints(reference, {
      limit: 1,
      ...(beforeStep !== undefined && { beforeStep }),
    });
    if (row === undefined) break;
    try {
      const manifest = await manifests.read(reference.experimentId, row.step, row.id);
      return { id: row.id, manifest, state: await restoreState(blobs, manifest, onProgress) };
    } catch (error) {
      if (!isDamage(error)) throw error;
      log.warn(
        { err: error, ...reference, step: row.step },
        'a checkpoint is broken; the one before is tried',
      );
      fault ??= error;
      beforeStep = row.step;
    }
  }
  if (fault !== undefined) throw fault;
  return undefined;
}

/** The state that a checkpoint keeps. @throws CodedError `blob_missing`, `blob_corrupt`, `storage_unavailable`. */
export async function restoreState(
  blobs: BlobStore,
  { step, unusedWords, evaluations, blobs: { parameters, firstMoments, secondMoments } }: CheckpointManifest,
  onProgress: () => void,
): Promise<TrainingState> {
  const [weights, first, second] = await allEnded([
    readStoredTensors(blobs, parameters, onProgress),
    readStoredTensors(blobs, firstMoments, onProgress),
    secondMoments === null ? Promise.resolve([]) : readStoredTensors(blobs, secondMoments, onProgress),
  ]);
  return { step, parameters: weights, firstMoments: first, secondMoments: second, unusedWords, evaluations };
}
