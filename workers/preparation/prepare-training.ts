// Gathers what a training attempt starts from: the snapshot's examples, the recipe, and the last committed state.
import { allEnded } from '../../src/waiting/all-ended.ts';
import type { Config } from '../../src/config.ts';
import type { ExperimentRecord } from '../../src/database/experiment-record.ts';
import { rowBehind } from '../../src/database/row-behind.ts';
import type { CommittedCheckpoint, ExperimentReference } from '../../src/experiment/activity.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import { CodedError } from '../../src/error.ts';
import { settingsAfter } from '../../src/experiment/lineage.ts';
import { experimentSteps, pretrainingSteps } from '../../src/experiment/steps.ts';
import { toHuggingFaceConfig } from '../../src/model/model-config.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { emptyLedgerHash, type LedgerPosition } from '../../src/storage/ledger-hash.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import type { TrainingJob } from '../../src/training/job.ts';
import type { ManifestFrame, RetentionFrame } from './checkpoint-frame.ts';
import { lastIntactCheckpoint, type RestoredCheckpoint } from './last-intact-checkpoint.ts';
import { gatherPhaseInputs, type InputSources } from './phase-inputs.ts';
import { specSha256After } from './specification-hash.ts';
import { startPhase } from './start-phase.ts';
import { watchedMetric } from './engine-recipe.ts';

/** What an attempt is gathered from, and how this worker computes. */
export interface PreparationSources extends InputSources {
  readonly config: Pick<
    Config,
    'executionProvider' | 'executionDevice' | 'graphCacheDirectory' | 'trainingThreads'
  >;
}

export interface PreparedTraining {
  readonly job: TrainingJob;
  /** Whether the steps of the phase are all done, or an early stop has ended it. */
  readonly isComplete: boolean;
  /** Whether nothing is to be trained after it: neither another phase, nor on with other settings. */
  readonly isLast: boolean;
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
 * @throws CodedError `not_found`, `row_behind` without a snapshot, `model_incompatible` when the uploaded weights do not fit;
 * `labels_invalid` when class weights do not fit the labels; `blob_missing`, `blob_corrupt`, `storage_unavailable`,
 * `database_unavailable`.
 */
export async function prepareTraining(
  sources: PreparationSources,
  reference: ExperimentReference,
  directory: string,
  onProgress: () => void,
): Promise<PreparedTraining> {
  const { repositories, store, config, log } = sources;
  const experiment = await repositories.experiments.require(reference);
  const { snapshot: summary } = experiment;
  if (summary === null) throw rowBehind(experiment, 'its snapshot');
  const blobs = projectBlobs(store, reference.projectId, repositories.pins.untilEnd(reference));
  const manifests = new CheckpointStore(store, reference.projectId);
  const snapshot = await openSnapshot(blobs, summary.sha256);
  // What a crash costs is what this takes, too: the reading of one and the making of the other overlap.
  const [resumed, inputsWith] = await allEnded([
    lastIntactCheckpoint({ rows: repositories.checkpoints, manifests, blobs, log }, reference, onProgress),
    gatherPhaseInputs(sources, reference, experiment.spec, snapshot, directory, onProgress),
  ]);
  if (resumed !== undefined && resumed.manifest.snapshotSha256 !== summary.sha256)
    throw new CodedError('internal', 'The last checkpoint is of another snapshot than the experiment’s.');
  const settings = settingsAfter(resumed?.manifest.step ?? 0, experiment);
  const { training, untilStep } = settings;
  const inputs = inputsWith(settings);
  const rows = snapshot.manifest.splits.train.rows;
  const phase = phaseAfter(resumed, pretrainingSteps(training, rows));
  const started = await startPhase(phase, inputs, resumed && withMemory(resumed, experiment), onProgress);
  const huggingFaceConfig = toHuggingFaceConfig(
    inputs.config,
    snapshot.manifest.labels,
    started.job.head.task,
  );
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
    isLast: phase === 'training' && untilStep === null,
    exampleCount: rows,
    totalSteps: experimentSteps(experiment.spec.training, rows),
    resumedFrom: resumed ? { step: resumed.manifest.step, id: resumed.id } : null,
    ledger: resumed?.manifest.ledger ?? { steps: 0, sha256: emptyLedgerHash },
    blobs,
    manifests,
    retention: { settings: training, firstStep: started.job.firstStep },
    frame: {
      experimentId: reference.experimentId,
      phase,
      snapshotSha256: summary.sha256,
      specSha256: specSha256After(resumed?.manifest.step ?? 0, experiment),
      lora: started.job.recipe.lora,
      base: started.base,
      vocabulary: started.vocabularyBlob,
      config: await blobs.putBytes(Buffer.from(JSON.stringify(huggingFaceConfig, undefined, 2))),
      tokenizer: snapshot.manifest.tokenizer,
    },
  };
}

/** The phase to go on with: that of the checkpoint, or the one after a pretraining that is done. */
function phaseAfter(resumed: RestoredCheckpoint | undefined, steps: number): ManifestFrame['phase'] {
  if (steps === 0 || resumed?.manifest.phase === 'training') return 'training';
  return (resumed?.manifest.step ?? 0) >= steps ? 'training' : 'pretraining';
}

/** A checkpoint where new settings begin remembers evaluations only when these look at the same metric. */
function withMemory(restored: RestoredCheckpoint, { lineage, spec }: ExperimentRecord): RestoredCheckpoint {
  const { step } = restored.manifest;
  const before = lineage.find(({ untilStep }) => untilStep === step);
  if (before === undefined) return restored;
  const { training } = settingsAfter(step, { lineage, spec });
  const isSame = watchedMetric(before.training) === watchedMetric(training);
  return isSame ? restored : { ...restored, state: { ...restored.state, evaluations: null } };
}
