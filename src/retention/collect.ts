// Collects what nothing refers to: marks by the rows, then removes the objects that are neither marked nor pinned.
import type { CollectionSession } from '../database/collection-session.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { markReferences, type ProjectStores } from './mark.ts';

/** Objects that are removed under one round of locks. */
const objectsABatch = 50;
/** No write takes this long: what did not end by then was left by a process that died. */
const unfinishedHours = 24;

export interface CollectionRequest extends ProjectStores {
  /** Begun before: its connection is the one under whose locks objects are removed. */
  readonly session: Pick<CollectionSession, 'pinned' | 'removeUnpinned'>;
  readonly store: ObjectStore;
  /** Objects that are younger stay. Nothing rests on it but the peace of who reads what was removed just now. */
  readonly graceSeconds: number;
  /** Counts only. */
  readonly isDryRun: boolean;
  readonly now: () => Date;
}

export interface Collected {
  readonly blobs: number;
  readonly manifests: number;
  readonly sizeBytes: number;
  /** Writes that never ended; not counted in a dry run. */
  readonly unfinished: number;
}

interface Candidate {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly remove: () => Promise<void>;
}

/**
 * Why nothing that is needed goes: what was referred to when the rows were read is marked. What is referred to since then was
 * pinned before its row was committed, and is pinned still (see `CollectionSession`).
 *
 * @throws CodedError `blob_corrupt` when a document is broken that says what else is needed: then nothing is removed;
 * `storage_unavailable`, `database_unavailable`; the reason of `stopping`: what was removed by then is, and nothing else.
 */
export async function collect(request: CollectionRequest): Promise<Collected> {
  const { blobs, graceSeconds, isDryRun, store, stopping, now } = request;
  const marked = await markReferences(request);
  const before = new Date(now().getTime() - graceSeconds * 1000);
  const sweptManifests = await sweep(request, unmarkedManifests(request, marked.manifests, before));
  const sweptBlobs = await sweep(request, unmarkedBlobs(request, marked.blobs, before));
  stopping.throwIfAborted();
  const longAgo = new Date(now().getTime() - unfinishedHours * 3_600_000);
  return {
    blobs: sweptBlobs.count,
    manifests: sweptManifests.count,
    sizeBytes: sweptBlobs.sizeBytes + sweptManifests.sizeBytes,
    unfinished: isDryRun
      ? 0
      : (await blobs.removeLeftovers(longAgo)) + (await store.removeUnfinished(longAgo)),
  };
}

async function* unmarkedBlobs(
  { blobs, stopping }: CollectionRequest,
  marked: ReadonlySet<string>,
  before: Date,
): AsyncGenerator<Candidate> {
  for await (const { sha256, sizeBytes, modifiedAt } of blobs.list()) {
    stopping.throwIfAborted();
    if (!marked.has(sha256) && modifiedAt <= before)
      yield { sha256, sizeBytes, remove: () => blobs.delete(sha256) };
  }
}

async function* unmarkedManifests(
  { manifests, stopping }: CollectionRequest,
  marked: ReadonlySet<string>,
  before: Date,
): AsyncGenerator<Candidate> {
  for await (const { sizeBytes, modifiedAt, ...place } of manifests.list()) {
    stopping.throwIfAborted();
    if (!marked.has(place.id) && modifiedAt <= before)
      yield { sha256: place.id, sizeBytes, remove: () => manifests.delete(place) };
  }
}

async function sweep(
  { session, isDryRun, stopping }: CollectionRequest,
  candidates: AsyncIterable<Candidate>,
): Promise<{ readonly count: number; readonly sizeBytes: number }> {
  let count = 0;
  let sizeBytes = 0;
  const removeBatch = async (batch: ReadonlyMap<string, Candidate>): Promise<void> => {
    const remove = async (sha256: string): Promise<void> => {
      stopping.throwIfAborted();
      await batch.get(sha256)?.remove();
    };
    for (let open: readonly string[] = [...batch.keys()]; open.length > 0;) {
      const { removed, rest } = isDryRun
        ? await removable(session, open)
        : await session.removeUnpinned(open, remove);
      count += removed.length;
      for (const sha256 of removed) sizeBytes += batch.get(sha256)?.sizeBytes ?? 0;
      open = rest;
    }
  };
  let batch = new Map<string, Candidate>();
  for await (const candidate of candidates) {
    batch.set(candidate.sha256, candidate);
    if (batch.size < objectsABatch) continue;
    await removeBatch(batch);
    batch = new Map();
  }
  await removeBatch(batch);
  return { count, sizeBytes };
}

async function removable(
  session: CollectionRequest['session'],
  sha256s: readonly string[],
): Promise<{ readonly removed: readonly string[]; readonly rest: readonly string[] }> {
  const pinned = await session.pinned(sha256s);
  return { removed: sha256s.filter((sha256) => !pinned.has(sha256)), rest: [] };
}
