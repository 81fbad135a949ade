// The config.json that a blob holds.
import type { BlobRef } from '../experiment/blob.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { readModelConfig, type ModelConfig } from './model-config.ts';

/** @throws CodedError `blob_missing`, `blob_corrupt`, and what {@link readModelConfig} throws. */
export async function readStoredConfig(blobs: BlobStore, config: BlobRef): Promise<ModelConfig> {
  return readModelConfig(await blobs.text(config));
}
