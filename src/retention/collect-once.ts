// One collection of a project, beside which no other runs.
import { CollectionSession } from '../database/collection-session.ts';
import type { Repositories } from '../database/repositories.ts';
import { CheckpointStore } from '../storage/checkpoint-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { projectBlobs } from '../storage/project-blobs.ts';
import { collect, type Collected } from './collect.ts';

export interface CollectionParts {
  readonly repositories: Pick<Repositories, 'references'>;
  readonly store: ObjectStore;
  readonly databaseUrl: string;
  readonly projectId: string;
  readonly graceSeconds: number;
}

/**
 * One collection.
 *
 * @param stopping ends it early; the next one finds what it has left.
 * @returns `undefined` while another one is under way.
 * @throws CodedError `blob_corrupt`, `storage_unavailable`, `database_unavailable`; the signal's reason.
 */
export async function collectOnce(
  { repositories, store, databaseUrl, projectId, graceSeconds }: CollectionParts,
  isDryRun: boolean,
  stopping: AbortSignal,
): Promise<Collected | undefined> {
  const session = await CollectionSession.begin(databaseUrl, projectId);
  try {
    return (
      session &&
      (await collect({
        projectId,
        rows: repositories.references,
        blobs: projectBlobs(store, projectId),
        manifests: new CheckpointStore(store, projectId),
        store,
        session,
        graceSeconds,
        isDryRun,
        stopping,
        now: () => new Date(),
      }))
    );
  } finally {
    await session?.close();
  }
}
