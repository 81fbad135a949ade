// Objects that nothing refers to: the next collection takes them, or they are of no kind that this service stores.
import type { BlobPins } from '../database/blob-pins.ts';
import { incomingPrefix, meaningOf, projectPrefix, readinessKey } from '../storage/object-key.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Finding } from './finding.ts';

const objectsABatch = 500;

export interface OrphanSearch {
  readonly projectId: string;
  readonly store: ObjectStore;
  readonly pins: Pick<BlobPins, 'pinned'>;
  /** Hashes of the blobs that are referred to. */
  readonly blobs: { has(sha256: string): boolean };
  /** Hashes of the manifests that have a row. */
  readonly manifests: { has(sha256: string): boolean };
}

interface Unreferred {
  readonly key: string;
  /** `undefined`: it is no object of the service. */
  readonly sha256: string | undefined;
}

/** @throws CodedError `storage_unavailable`, `database_unavailable`. */
export async function* findOrphans(search: OrphanSearch): AsyncGenerator<Finding> {
  let batch: Unreferred[] = [];
  for await (const { key } of search.store.list('')) {
    const found = unreferred(search, key);
    if (found === undefined) continue;
    batch.push(found);
    if (batch.length < objectsABatch) continue;
    yield* unpinned(search, batch);
    batch = [];
  }
  yield* unpinned(search, batch);
}

function unreferred({ projectId, blobs, manifests }: OrphanSearch, key: string): Unreferred | undefined {
  // An upload under way, or what one has left: the collection knows by its age.
  if (key === readinessKey || key.startsWith(incomingPrefix(projectPrefix(projectId)))) return undefined;
  const meaning = meaningOf(key);
  if (meaning?.projectId !== projectId) return { key, sha256: undefined };
  const { kind, sha256 } = meaning;
  return (kind === 'blob' ? blobs : manifests).has(sha256) ? undefined : { key, sha256 };
}

async function* unpinned(
  { projectId, pins }: OrphanSearch,
  batch: readonly Unreferred[],
): AsyncGenerator<Finding> {
  const pinned = await pins.pinned(
    projectId,
    batch.flatMap(({ sha256 }) => sha256 ?? []),
  );
  for (const { key, sha256 } of batch)
    if (sha256 === undefined)
      yield { kind: 'orphaned', where: key, what: 'this service stores nothing under such a key' };
    else if (!pinned.has(sha256)) yield { kind: 'orphaned', where: key, what: 'nothing refers to it' };
}
