// What a result follows from, by hash: the proof of an experiment. The API tells it, and whoever checks a bundle makes it again.
import type { SegmentStart } from '../database/ledger-repository.ts';
import type { CommittedCheckpoint } from '../experiment/activity.ts';
import type { CheckpointManifest } from '../storage/checkpoint-manifest.ts';
import { ledgerFormatVersion } from '../storage/ledger-hash.ts';

/** The version of the document. */
const formatVersion = 1 as const;

export interface Proof {
  readonly formatVersion: typeof formatVersion;
  readonly experimentId: string;
  /** Of the result. */
  readonly checkpoint: CommittedCheckpoint;
  readonly specSha256: string;
  readonly snapshotSha256: string;
  /** The numeric profiles of the steps, each from a step on. */
  readonly segments: readonly SegmentStart[];
  readonly versions: {
    readonly onnxruntime: string;
    readonly checkpointFormat: number;
    readonly ledgerFormat: number;
  };
  readonly ledgerSha256: string;
  /** Of the trained tensors as a safetensors file. */
  readonly weightsSha256: string;
}

/** What follows from the checkpoint of a result. Where the profiles before its own began, it does not say. */
export function proofOfCheckpoint(
  { step, id, manifest }: CommittedCheckpoint & { readonly manifest: CheckpointManifest },
  experimentId: string,
  segments: readonly SegmentStart[],
): Proof {
  const { specSha256, snapshotSha256, ledger, blobs, profile } = manifest;
  return {
    formatVersion,
    experimentId,
    checkpoint: { step, id },
    specSha256,
    snapshotSha256,
    segments,
    versions: {
      onnxruntime: profile.onnxruntimeVersion,
      checkpointFormat: manifest.formatVersion,
      ledgerFormat: ledgerFormatVersion,
    },
    ledgerSha256: ledger.sha256,
    weightsSha256: blobs.parameters.sha256,
  };
}
