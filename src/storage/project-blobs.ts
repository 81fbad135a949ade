// The blobs of a project, for those who store and those who only read.
import type { PinBlobs } from '../experiment/blob.ts';
import { BlobStore } from './blob-store.ts';
import { projectPrefix } from './object-key.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * The blobs of one project. Nothing is read or checked yet: using them is what throws, CodedError `storage_unavailable`,
 * `blob_missing` or `blob_corrupt`.
 *
 * @param pin keeps what is stored from collection until a row refers to it. Left out: by one who only reads.
 */
export function projectBlobs(store: ObjectStore, projectId: string, pin: PinBlobs = refuse): BlobStore {
  return new BlobStore(store, projectPrefix(projectId), pin);
}

/** What nobody pins could be collected before anything refers to it. */
function refuse(): Promise<never> {
  return Promise.reject(new Error('blobs are stored by one who was to read them only'));
}
