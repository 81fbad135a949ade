// The whole model of a checkpoint, as the engine and exports take it.
import type { BlobStore } from '../storage/blob-store.ts';
import type { CheckpointManifest } from '../storage/checkpoint-manifest.ts';
import type { NamedTensor } from './safetensors.ts';
import { wholeModelTensors, type WholeModelParts } from './whole-model.ts';

/** @throws CodedError `blob_missing`, `blob_corrupt`. */
export async function wholeModelParts(
  blobs: BlobStore,
  { blobs: { base, parameters, vocabulary }, unusedWords, lora }: CheckpointManifest,
): Promise<WholeModelParts> {
  const file = (blob: typeof base) => ({ sizeBytes: blob.sizeBytes, open: () => blobs.get(blob) });
  return {
    base: file(base),
    trained: file(parameters),
    vocabulary: vocabulary === null ? null : decodeIds(await blobs.bytes(vocabulary)),
    unusedWordScale: unusedWords.scale,
    lora,
  };
}

/**
 * Every tensor of the model in memory.
 *
 * @param onProgress called as bytes come.
 * @throws CodedError `blob_missing`, `blob_corrupt`.
 */
export async function checkpointTensors(
  blobs: BlobStore,
  manifest: CheckpointManifest,
  onProgress: () => void,
): Promise<readonly NamedTensor[]> {
  const tensors: NamedTensor[] = [];
  for await (const tensor of wholeModelTensors(await wholeModelParts(blobs, manifest), onProgress))
    tensors.push(tensor);
  return tensors;
}

/** The bytes of a vocabulary: little-endian, as every platform that onnxruntime-node has. */
export function encodeIds(ids: Int32Array): Uint8Array {
  return new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
}

/** The ids that {@link encodeIds} made bytes of; a copy. */
export function decodeIds(bytes: Uint8Array): Int32Array {
  return new Int32Array(Uint8Array.from(bytes).buffer);
}
