// What every phase of an experiment's training works on, read from the snapshot and the specification.
import type { Repositories } from '../../src/database/repositories.ts';
import type { OpenedSnapshot } from '../../src/dataset/open-snapshot.ts';
import type { SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import type { SettingsInForce } from '../../src/experiment/lineage.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import type { Logger } from '../../src/log.ts';
import type { ModelConfig } from '../../src/model/model-config.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { createTokenizer, type Tokenizer } from '../../src/text/tokenizer.ts';
import type { NamedTensor } from '../../src/training/job.ts';
import { experimentModel } from './experiment-model.ts';
import { vocabularyInUse } from './vocabulary-in-use.ts';

/** Where they come from. */
export interface InputSources {
  readonly repositories: Repositories;
  readonly store: ObjectStore;
  readonly log: Pick<Logger, 'warn'>;
}

/** What every phase of an experiment starts from. */
export interface PhaseInputs {
  readonly blobs: BlobStore;
  /** With the settings in force. */
  readonly spec: ExperimentSpec;
  /** The last step that these are for; null: for all to come. */
  readonly untilStep: number | null;
  readonly manifest: SnapshotManifest;
  readonly config: ModelConfig;
  /** Tensors of the model that the experiment begins with; none from scratch. */
  readonly pretrained: (onProgress: () => void) => Promise<readonly NamedTensor[]>;
  /** The manifest of the experiment's own checkpoint at a step, where one counts. */
  readonly manifestAt: (step: number) => Promise<CheckpointManifest | undefined>;
  readonly tokenizer: Tokenizer;
  /** The ids that the examples use. */
  readonly vocabulary: Int32Array;
  /** Files of examples on this machine. */
  readonly examples: { readonly train: string; readonly evaluation: string };
  readonly log: Pick<Logger, 'warn'>;
}

/** Gives the inputs of a phase with the settings in force. */
export type InputsWith = (settings: SettingsInForce) => PhaseInputs;

/**
 * Writes the snapshot's examples to this machine, and finds the model.
 *
 * @param directory of this machine, for the examples.
 * @param onProgress called as bytes come; what it throws ends the reading.
 * @throws CodedError `not_found` when the model is gone; `blob_missing`, `blob_corrupt`, `storage_unavailable`,
 * `database_unavailable`.
 */
export async function gatherPhaseInputs(
  { repositories, store, log }: InputSources,
  reference: ExperimentReference,
  spec: ExperimentSpec,
  snapshot: OpenedSnapshot,
  directory: string,
  onProgress: () => void,
): Promise<InputsWith> {
  const blobs = projectBlobs(store, reference.projectId, repositories.pins.untilEnd(reference));
  const manifests = new CheckpointStore(store, reference.projectId);
  const { sources } = snapshot.manifest;
  const model = await experimentModel(
    { repositories, blobs, manifests },
    reference.projectId,
    spec,
    sources.model,
  );
  const tokenizer = createTokenizer(await snapshot.tokenizerJson());
  const train = await snapshot.examples('train', directory, onProgress);
  const evaluation = await snapshot.examples('evaluation', directory, onProgress);
  const vocabulary = vocabularyInUse(train, evaluation);
  const config = model.config(tokenizer);
  return ({ training, untilStep }) => ({
    blobs,
    spec: { ...spec, training },
    untilStep,
    manifest: snapshot.manifest,
    config,
    pretrained: model.pretrained,
    async manifestAt(step) {
      const row = await repositories.checkpoints.getCheckpoint(reference, step);
      return row && manifests.read(reference.experimentId, step, row.id);
    },
    tokenizer,
    vocabulary,
    examples: { train: train.path, evaluation: evaluation.path },
    log,
  });
}
