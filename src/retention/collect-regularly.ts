// Collects what nothing refers to, beside the coordinator's other work.
import { setTimeout as delay } from 'node:timers/promises';
import { CollectionSession } from '../database/collection-session.ts';
import type { Repositories } from '../database/repositories.ts';
import { messageOf } from '../thrown.ts';
import type { Logger } from '../log.ts';
import { CheckpointStore } from '../storage/checkpoint-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { projectBlobs } from '../storage/project-blobs.ts';
import { collect, type Collected } from './collect.ts';

const intervalHours = 6;

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
 * @returns `undefined` while another one is under way.
 * @param stopping ends it early; the next one finds what it has left.
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

/** Collects at once and then every 6 hours, until the signal is aborted. What is away is tried again next time. */
export async function collectRegularly(
  parts: CollectionParts,
  log: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const isStopping = (): boolean => stopping.aborted;
  while (!isStopping()) {
    try {
      const collected = await collectOnce(parts, false, stopping);
      if (collected && collected.blobs + collected.manifests + collected.unfinished > 0)
        log.info(collected, 'collected what nothing refers to');
    } catch (error) {
      if (isStopping()) return;
      log.warn({ reason: messageOf(error) }, 'nothing was collected; npm run fsck tells of what is broken');
    }
    // Stopping ends the wait early.
    await delay(intervalHours * 3_600_000, undefined, { signal: stopping, ref: false }).catch(
      () => undefined,
    );
  }
}
