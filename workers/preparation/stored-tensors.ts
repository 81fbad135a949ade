// Reading blobs to their end, so that damage is told from other faults: something else can then take their place.
import { CodedError } from '../../src/error.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { readSafetensors } from '../../src/model/safetensors.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { NamedTensor } from '../../src/training/job.ts';

/**
 * Reads a blob to its end, where its hash is known.
 *
 * @param onProgress called as bytes come; what it throws ends the reading.
 * @throws CodedError `blob_missing`, `blob_corrupt`, `storage_unavailable`.
 */
export async function requireIntact(blobs: BlobStore, blob: BlobRef, onProgress: () => void): Promise<void> {
  for await (const _chunk of await blobs.get(blob)) onProgress();
}

/**
 * The tensors of a stored safetensors file, checked.
 *
 * @param onProgress called as bytes come; what it throws ends the reading.
 * @throws CodedError `blob_missing`, `blob_corrupt`, `storage_unavailable`; `model_invalid` for a blob that is what its name
 * says and no such file.
 */
export async function readStoredTensors(
  blobs: BlobStore,
  blob: BlobRef,
  onProgress: () => void,
): Promise<readonly NamedTensor[]> {
  try {
    return await readSafetensors(await blobs.get(blob), blob.sizeBytes, onProgress);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'model_invalid') throw error;
    // A bad byte in the header ends the reading before the hash is known: only that tells a broken blob.
    await requireIntact(blobs, blob, onProgress);
    throw error;
  }
}
