// Which files the bundle of a proof has, and which objects belong to it. docs/proof.md describes them.
import type { SnapshotManifest } from '../dataset/snapshot-manifest.ts';
import { hexadecimal, type BlobRef } from '../experiment/blob.ts';
import type { CheckpointManifest } from '../storage/checkpoint-manifest.ts';

/** Files of which every bundle has one. */
export const bundleFiles = {
  /** The hash of each other file. */
  sums: 'SHA256SUMS',
  proof: 'proof.json',
  specification: 'specification.json',
  ledger: 'ledger.jsonl',
} as const;

const others = /^(checkpoints\/\d+\.json|blobs\/[0-9a-f]{64})$/u;
const objectFolder = 'blobs/';
const checkpointFolder = 'checkpoints/';

/** The file of a checkpoint's manifest. */
export const checkpointFile = (step: number): string => `${checkpointFolder}${step}.json`;

/** The file of an object of the store. */
export const objectFile = (sha256: string): string => `${objectFolder}${hexadecimal(sha256)}`;

export const isObjectFile = (name: string): boolean => name.startsWith(objectFolder);
export const isCheckpointFile = (name: string): boolean => name.startsWith(checkpointFolder);

/** Whether a bundle may have a file of this name. */
export const isBundleFile = (name: string): boolean =>
  Object.values<string>(bundleFiles).includes(name) || others.test(name);

/** The objects that a snapshot and checkpoints refer to, each once. */
export function referredObjects(
  { tokenizer, splits }: SnapshotManifest,
  checkpoints: readonly Pick<CheckpointManifest, 'blobs'>[],
): readonly BlobRef[] {
  const blobs = [
    tokenizer,
    ...Object.values(splits).flatMap(({ rowsBlob, examplesBlob }) => [rowsBlob, examplesBlob]),
    ...checkpoints.flatMap((manifest) => Object.values(manifest.blobs).filter((blob) => blob !== null)),
  ];
  return [...new Map(blobs.map((blob) => [blob.sha256, blob])).values()];
}
