// What a verification looks at: an experiment with all that it kept, from the service or from the bundle of a proof.
import type { RecordedStep } from '../../src/database/ledger-chunk.ts';
import type { SegmentStart } from '../../src/database/ledger-repository.ts';
import { CodedError } from '../../src/error.ts';
import type { CommittedCheckpoint } from '../../src/experiment/activity.ts';
import type { Lineage } from '../../src/experiment/lineage.ts';
import type { NumericProfile } from '../../src/experiment/profile.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import { isDamage, type BlobStore } from '../../src/storage/blob-store.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';

export interface KeptCheckpoint extends CommittedCheckpoint {
  readonly manifest: CheckpointManifest;
}

export interface Evidence {
  readonly experimentId: string;
  readonly spec: ExperimentSpec;
  readonly lineage: Lineage;
  readonly snapshotSha256: string;
  readonly blobs: BlobStore;
  /** In the order of steps; at least one. */
  readonly checkpoints: readonly KeptCheckpoint[];
  /** Steps of the ledger, both ends included, without a gap. */
  readonly steps: (fromStep: number, toStep: number) => Promise<readonly RecordedStep[]>;
  /** In the order of steps. */
  readonly segments: readonly SegmentStart[];
}

/** What a step was computed on. */
export function profileAt({ segments }: Evidence, step: number): NumericProfile | undefined {
  return segments.findLast(({ fromStep }) => fromStep <= step)?.profile;
}

/** Reads a part of the evidence; what is broken is told with the name of the part. */
export async function reading<T>(part: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDamage(error)) throw new CodedError(error.code, `${part}: ${error.message}`, { cause: error });
    throw error;
  }
}
