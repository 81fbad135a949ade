// What the checkpoints of an attempt have in common, known before its first step.
import type { RetentionSettings } from '../../src/experiment/retention.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';

/** What is the same in every manifest of an attempt. */
export type ManifestFrame = Pick<
  CheckpointManifest,
  'experimentId' | 'phase' | 'profile' | 'snapshotSha256' | 'specSha256' | 'lora'
> &
  Pick<CheckpointManifest['blobs'], 'base' | 'vocabulary' | 'config' | 'tokenizer'>;

/** What decides which earlier checkpoints are kept: a part of the recipe, and the steps before the phase. */
export interface RetentionFrame {
  readonly settings: RetentionSettings;
  readonly firstStep: number;
}
