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
import type { TrainingJob } from '../../src/training/job.ts';
import type { ManifestFrame, RetentionFrame } from './checkpoint-writer.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { lastIntactCheckpoint, type RestoredCheckpoint } from './last-intact-checkpoint.ts';
import { gatherPhaseInputs } from './phase-inputs.ts';
import { startPhase } from './start-phase.ts';
import type { LedgerPosition } from './step-recorder.ts';
import { experimentSteps, pretrainingSteps } from './training-plan.ts';

export interface PreparedTraining {
  readonly job: TrainingJob;
  /** Whether the steps of the phase are all done, or an early stop has ended it. */
  readonly isComplete: boolean;
  readonly exampleCount: number;
  /** Of the experiment, all phases together. */
  readonly totalSteps: number;
  readonly resumedFrom: CommittedCheckpoint | null;
  readonly ledger: LedgerPosition;
  readonly blobs: BlobStore;
  readonly manifests: CheckpointStore;
  readonly frame: Omit<ManifestFrame, 'profile'>;
  readonly retention: RetentionFrame;
}

/**
 * Reads all that an attempt at training needs, and stores what every checkpoint of it refers to.
 *
 * @param directory of this machine, for the examples.
 * @param onProgress called as bytes come, so that slow storage is told from a dead worker; what it throws ends the reading.
 * @throws CodedError `not_found`, `internal` without a snapshot, `model_incompatible` when the uploaded weights do not fit;
 * `labels_invalid` when class weights do not fit the labels; `blob_missing`, `blob_corrupt`, `storage_unavailable`,
 * `database_unavailable`.
 */
export async function prepareTraining(
  dependencies: ActivityDependencies,
  reference: ExperimentReference,
  directory: string,
  onProgress: () => void,
): Promise<PreparedTraining> {
  const { repositories, store, config, log } = dependencies;
  const { spec, snapshot: summary } = await repositories.experiments.require(reference);
  if (summary === null)
    throw new CodedError('internal', 'Training was asked for before there was a snapshot.');
  const blobs = projectBlobs(store, reference.projectId, repositories.pins.untilEnd(reference));
  const manifests = new CheckpointStore(store, reference.projectId);
  const snapshot = await openSnapshot(blobs, summary.sha256);
  const resumed = await lastIntactCheckpoint(
    { rows: repositories.checkpoints, manifests, blobs, log },
    reference,
    onProgress,
  );
  if (resumed !== undefined && resumed.manifest.snapshotSha256 !== summary.sha256)
    throw new CodedError('internal', 'The last checkpoint is of another snapshot than the experiment’s.');
  const inputs = await gatherPhaseInputs(dependencies, reference, spec, snapshot, directory, onProgress);
  const { training } = spec;
  const rows = snapshot.manifest.splits.train.rows;
  const phase = phaseAfter(resumed, pretrainingSteps(training, rows));
  const started = await startPhase(phase, inputs, resumed, onProgress);
  const hfConfig = toHuggingFaceConfig(inputs.config, snapshot.manifest.labels, started.job.head.task);
  // Later attempts compute with as many threads as the first, whatever their host: it changes the order of sums.
  const first = await repositories.attempts.firstProfile(reference);
  return {
    ...started,
    job: {
      ...started.job,
      threads: first?.threads ?? config.trainingThreads,
      provider: config.executionProvider,
      place: { deviceNumber: config.executionDevice, graphCacheDirectory: config.graphCacheDirectory },
      checkpoint: training.checkpoint,
    },
    exampleCount: rows,
    totalSteps: experimentSteps(training, rows),
    resumedFrom: resumed ? { step: resumed.manifest.step, id: resumed.id } : null,
    ledger: resumed?.manifest.ledger ?? { steps: 0, sha256: emptyLedgerHash },
    blobs,
    manifests,
    retention: { settings: training, firstStep: started.job.firstStep },
    frame: {
      experimentId: reference.experimentId,
      phase,
      snapshotSha256: summary.sha256,
      specSha256: specSha256(spec),
      lora: started.job.recipe.lora,
      base: started.base,
      vocabulary: started.vocabularyBlob,
      config: await blobs.putBytes(Buffer.from(JSON.stringify(hfConfig, undefined, 2))),
      tokenizer: snapshot.manifest.tokenizer,
    },
  };
}

/** The phase to go on with: that of the checkpoint, or the one after a pretraining that is done. */
function phaseAfter(resumed: RestoredCheckpoint | undefined, steps: number): ManifestFrame['phase'] {
  if (steps === 0 || resumed?.manifest.phase === 'training') return 'training';
  return (resumed?.manifest.step ?? 0) >= steps ? 'training' : 'pretraining';
}

/** What determines the result; a name and tags do not. */
function specSha256({ name: _name, tags: _tags, ...determining }: ExperimentSpec): string {
  return sha256Of(canonicalJson(determining));
}
