// Gathers what a training attempt starts from: the snapshot's examples, the recipe, and the last committed state.
import type { CommittedCheckpoint, ExperimentReference } from '../../src/experiment/activity.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import { CodedError } from '../../src/error.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import { toHuggingFaceConfig } from '../../src/model/model-config.ts';
import { sha256Of, type BlobStore } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/storage/canonical-json.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { emptyLedgerHash } from '../../src/storage/ledger-hash.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { exampleCount } from '../../src/text/encoded-examples.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { totalSteps } from '../../src/training/batch-order.ts';
import { initialState } from '../../src/training/initial-state.ts';
import type { TrainingJob } from '../../src/training/job.ts';
import type { ManifestFrame } from './checkpoint-writer.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { experimentModel } from './experiment-model.ts';
import { lastIntactCheckpoint } from './last-intact-checkpoint.ts';
import type { LedgerPosition } from './step-recorder.ts';

export interface PreparedTraining {
  readonly job: TrainingJob;
  readonly exampleCount: number;
  readonly totalSteps: number;
  readonly resumedFrom: CommittedCheckpoint | null;
  readonly ledger: LedgerPosition;
  readonly blobs: BlobStore;
  readonly manifests: CheckpointStore;
  readonly frame: Omit<ManifestFrame, 'profile'>;
}

/**
 * Reads all that an attempt at training needs, and stores the configuration of its model.
 *
 * @param onProgress called as bytes come, so that slow storage is told from a dead worker; what it throws ends the reading.
 * @throws CodedError `not_found`, `internal` without a snapshot, `model_incompatible` when the uploaded weights do not fit;
 * `blob_missing`, `blob_corrupt`, `storage_unavailable`, `database_unavailable`.
 */
export async function prepareTraining(
  dependencies: ActivityDependencies,
  reference: ExperimentReference,
  onProgress: () => void,
): Promise<PreparedTraining> {
  const { repositories, store, config, log } = dependencies;
  const { spec, snapshot: summary } = await repositories.experiments.require(reference);
  if (summary === null)
    throw new CodedError('internal', 'Training was asked for before there was a snapshot.');
  const blobs = projectBlobs(store, reference.projectId);
  const manifests = new CheckpointStore(store, reference.projectId);
  const snapshot = await openSnapshot(blobs, summary.sha256);
  const { examples, labels } = await snapshot.examples('train', onProgress);
  const model = await experimentModel(repositories, blobs, reference.projectId, spec);
  const modelConfig = model.config(createTokenizer(await snapshot.tokenizerJson()));
  const labelNames = snapshot.manifest.labels;
  const resumed = await lastIntactCheckpoint(
    { rows: repositories.checkpoints, manifests, blobs, log },
    reference,
    onProgress,
  );
  const start =
    resumed?.state ??
    (await initialState(
      modelConfig,
      labelNames.length,
      spec.training.seed,
      await model.pretrained(onProgress),
      onProgress,
    ));
  onProgress();
  const configJson = JSON.stringify(toHuggingFaceConfig(modelConfig, labelNames), undefined, 2);
  // Later attempts compute with as many threads as the first, whatever their host: it changes the order of sums.
  const first = await repositories.attempts.firstProfile(reference);
  const { training } = spec;
  return {
    job: {
      config: modelConfig,
      labelCount: labelNames.length,
      examples,
      labels,
      recipe: training,
      threads: first?.threads ?? config.trainingThreads,
      provider: config.executionProvider,
      start,
      checkpoint: training.checkpoint,
    },
    exampleCount: exampleCount(examples),
    totalSteps: totalSteps(exampleCount(examples), training),
    resumedFrom: resumed ? { step: resumed.manifest.step, id: resumed.id } : null,
    ledger: resumed?.manifest.ledger ?? { steps: 0, sha256: emptyLedgerHash },
    blobs,
    manifests,
    frame: {
      experimentId: reference.experimentId,
      snapshotSha256: summary.sha256,
      specSha256: specSha256(spec),
      config: await blobs.putBytes(Buffer.from(configJson)),
      tokenizer: snapshot.manifest.tokenizer,
    },
  };
}

/** What determines the result; a name and tags do not. */
function specSha256({ name: _name, tags: _tags, ...determining }: ExperimentSpec): string {
  return sha256Of(canonicalJson(determining));
}
