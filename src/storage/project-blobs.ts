// Where a project's blobs are in the object store. Projects do not share blobs: one could otherwise probe for another's.
import { BlobStore } from './blob-store.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * The blobs of one project. Nothing is read or checked yet: using them is what throws, CodedError `storage_unavailable`,
 * `blob_missing` or `blob_corrupt`.
 */
export function projectBlobs(store: ObjectStore, projectId: string): BlobStore {
  return new BlobStore(store, `projects/${projectId}/`);
}
