// Marks everything that is referred to: all rows of a project, and the documents that they lead to.
import type { ReferenceRepository } from '../database/reference-repository.ts';
import { isDamage, type BlobStore } from '../storage/blob-store.ts';
import type { CheckpointStore } from '../storage/checkpoint-store.ts';
import {
  datasetReferences,
  documentReferences,
  experimentReferences,
  manifestOf,
  modelReferences,
  type BlobReference,
} from './references.ts';

/** Where a project's rows and objects are. */
export interface ProjectStores {
  readonly projectId: string;
  readonly rows: Pick<ReferenceRepository, 'datasets' | 'models' | 'experiments' | 'checkpoints'>;
  readonly blobs: BlobStore;
  readonly manifests: CheckpointStore;
  /** Ends the work between two rows or objects. */
  readonly stopping: AbortSignal;
}

export interface Marked {
  /** Hashes of blobs. */
  readonly blobs: ReadonlySet<string>;
  /** Hashes of manifests, which are kept elsewhere than blobs. */
  readonly manifests: ReadonlySet<string>;
}

/**
 * Follows every reference. The hashes are held, and one document at a time.
 *
 * @throws CodedError `blob_corrupt` when a document cannot be read: what it refers to would be taken for rubbish;
 * `storage_unavailable`, `database_unavailable`; the reason of `stopping`.
 */
export async function markReferences({
  projectId,
  rows,
  blobs,
  manifests,
  stopping,
}: ProjectStores): Promise<Marked> {
  const markedBlobs = new Set<string>();
  const markedManifests = new Set<string>();
  const followed = new Set<string>();
  const mark = async (references: readonly BlobReference[]): Promise<void> => {
    stopping.throwIfAborted();
    for (const { sha256, isDocument } of references) {
      markedBlobs.add(sha256);
      if (!isDocument || followed.has(sha256)) continue;
      followed.add(sha256);
      await mark(await documentAt(() => blobs.bytes(sha256)));
    }
  };
  for await (const dataset of rows.datasets(projectId)) await mark(datasetReferences(dataset));
  for await (const model of rows.models(projectId)) await mark(modelReferences(model));
  for await (const experiment of rows.experiments(projectId)) await mark(experimentReferences(experiment));
  for await (const checkpoint of rows.checkpoints(projectId)) {
    const { experimentId, step, id } = manifestOf(checkpoint);
    markedManifests.add(id);
    await mark(await documentAt(() => manifests.readBytes(experimentId, step, id)));
  }
  return { blobs: markedBlobs, manifests: markedManifests };
}

/** What a document refers to; nothing where it is lost, for then nobody can find that by it. */
async function documentAt(read: () => Promise<Uint8Array>): Promise<readonly BlobReference[]> {
  try {
    return documentReferences(JSON.parse(Buffer.from(await read()).toString('utf8')));
  } catch (error) {
    if (isDamage(error) && error.code === 'blob_missing') return [];
    throw error;
  }
}
