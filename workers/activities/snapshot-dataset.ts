// Makes the immutable snapshot that everything after it reads: rows, labels, tokenizer and token ids.
import { Context } from '@temporalio/activity';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import type { DatasetRecord } from '../../src/database/dataset-repository.ts';
import { buildSnapshot, type SnapshotTokenizer } from '../../src/dataset/build-snapshot.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import type { HubSource, SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import type { SplitSource } from '../../src/dataset/column-mapping.ts';
import { requireFits } from '../../src/estimate/estimate.ts';
import { requireExportable } from '../../src/estimate/export.ts';
import { peakMemoryBytes } from '../../src/estimate/peak.ts';
import type {
  EvaluationActivities,
  ExperimentReference,
  PreparedSnapshot,
} from '../../src/experiment/activity.ts';
import { HubClient } from '../../src/hub/hub-client.ts';
import { hubRequester } from '../../src/hub/hub-request.ts';
import { snapshotIdOf } from '../../src/experiment/id.ts';
import type { DatasetSpec, ExperimentSpec } from '../../src/experiment/spec.ts';
import { requireTrainingFitsModel, requireTrainingFitsTask } from '../../src/experiment/training-problems.ts';
import { longestInput, type ModelConfig } from '../../src/model/model-config.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { experimentSteps } from '../../src/experiment/steps.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { withScratchDirectory } from '../../src/storage/scratch-directory.ts';
import { WordPieceLearner } from '../../src/text/learn-word-piece.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { whileWaiting } from '../../src/waiting/while-waiting.ts';
import { experimentModel } from '../preparation/experiment-model.ts';
import { headOf, recipeOf } from '../preparation/engine-recipe.ts';
import { runAttempt } from '../attempt/run-attempt.ts';
import { cautiousBatchSeconds, forwardOperations, trainingOperations } from './cautious-batch-seconds.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from '../attempt/dependencies.ts';
import { importDataset, importModel, type HubImport } from './import-from-hub.ts';
import { progressOf } from '../attempt/worker-stopping.ts';

/**
 * The activity that prepares a snapshot, for the evaluation queue.
 *
 * @throws nothing itself. The activity throws CancelledFailure, or ApplicationFailure with an error's code as its type:
 * `worker_stopping`; `dataset_split_missing`, `dataset_column_missing`, `dataset_split_empty`, `dataset_invalid`,
 * `labels_invalid`, `sequence_too_long`; `hub_not_found`, `hub_unavailable`, `payload_too_large`, `model_invalid`,
 * `model_incompatible`, `not_supported`; `lease_lost`, `blob_missing`, `blob_corrupt`, `storage_unavailable`,
 * `database_unavailable`, `transition_not_allowed`, `not_found`.
 */
export function createSnapshotActivities(
  dependencies: ActivityDependencies,
): Pick<EvaluationActivities, 'snapshotDataset'> {
  return {
    snapshotDataset: (experiment) =>
      withCodedFailures(dependencies.log, () =>
        runAttempt(dependencies, experiment, 'preparing', (holder) =>
          prepare(dependencies, experiment, holder),
        ),
      ),
  };
}

async function prepare(
  dependencies: ActivityDependencies,
  reference: ExperimentReference,
  holder: LeaseHolder,
): Promise<PreparedSnapshot> {
  const { repositories, store } = dependencies;
  const record = await repositories.experiments.require(reference);
  const { spec, lineage, latestCheckpoint, snapshot: kept } = record;
  const blobs = projectBlobs(store, reference.projectId, repositories.pins.untilEnd(reference));
  // A fork goes on with what its parent was trained on, and training that has begun with what it was begun on.
  const isKept = kept !== null && (lineage.length > 0 || latestCheckpoint !== null);
  const { sha256, manifest } = isKept
    ? { sha256: kept.sha256, manifest: (await openSnapshot(blobs, kept.sha256)).manifest }
    : await makeSnapshot(dependencies, reference, spec);
  await repositories.results.setSnapshot(holder, summaryOf(sha256, manifest));
  const model = await experimentModel(
    { repositories, blobs, manifests: new CheckpointStore(store, reference.projectId) },
    reference.projectId,
    spec,
    manifest.sources.model,
  );
  const tokenizerJson = await blobs.text(manifest.tokenizer);
  const config = model.config(createTokenizer(tokenizerJson));
  requireTrainingFitsTask(manifest.task, spec.training);
  requireTrainingFitsModel(spec.training, { layers: config.layers, longestInput: longestInput(config) });
  // What the labels decide is refused here, before a worker trains.
  recipeOf(spec.training, manifest);
  const sizes = { config, head: headOf(manifest) };
  requireExportable(sizes);
  await requireMemory(repositories, spec, manifest, config);
  const { training, evaluation } = spec;
  const trainTokens = training.batchSize * training.gradientAccumulation * manifest.splits.train.longest;
  const evaluationTokens = evaluation.batchSize * manifest.splits.evaluation.longest;
  return {
    sha256,
    totalSteps: experimentSteps(training, manifest.splits.train.rows),
    stepSeconds: cautiousBatchSeconds(sizes, trainTokens, trainingOperations),
    evaluationBatchSeconds: cautiousBatchSeconds(sizes, evaluationTokens, forwardOperations),
  };
}

/** Reads the dataset, and imports what is on a hub. */
async function makeSnapshot(
  dependencies: ActivityDependencies,
  reference: ExperimentReference,
  spec: ExperimentSpec,
): Promise<{ readonly sha256: string; readonly manifest: SnapshotManifest }> {
  const { repositories, store, stopping, config } = dependencies;
  const { hub, limits } = config;
  const { projectId } = reference;
  const blobs = projectBlobs(store, projectId, repositories.pins.untilEnd(reference));
  const activity = Context.current();
  const onProgress = progressOf(dependencies, activity);
  const signal = AbortSignal.any([stopping, activity.cancellationSignal]);
  const client = new HubClient(hubRequester(hub, signal));
  const hubImport: HubImport = { client, repositories, blobs, projectId, onProgress };
  const imported =
    'hub' in spec.model
      ? // Every wait for a hub has an end, after which the import fails.
        await whileWaiting(onProgress, importModel(hubImport, spec.model, limits.modelBytes))
      : null;
  const manifests = new CheckpointStore(store, projectId);
  const { tokenizer } = await experimentModel({ repositories, blobs, manifests }, projectId, spec, imported);
  const { record: dataset, source } = await whileWaiting(
    onProgress,
    findDataset(hubImport, spec.dataset, limits.datasetBytes),
  );
  return withScratchDirectory((directory) =>
    buildSnapshot({
      splits: splitSources(dataset, spec.dataset, blobs),
      mapping: mappingOf(spec),
      blobs,
      directory,
      sources: { dataset: source, model: imported },
      prepareTokenizer: (texts) => prepareTokenizer(blobs, tokenizer, spec, texts, onProgress),
      rowsRead: onProgress,
    }),
  );
}

/** Refuses what the training workers seen last have not the memory for. */
async function requireMemory(
  { calibrations }: ActivityDependencies['repositories'],
  { training, evaluation }: ExperimentSpec,
  manifest: SnapshotManifest,
  config: ModelConfig,
): Promise<void> {
  const [seen] = await calibrations.latest(1);
  const lengthsOf = ({ rows, tokens, longest }: SnapshotManifest['splits']['train']) => ({
    rows,
    mean: tokens / rows,
    longest,
  });
  const memoryBytes = peakMemoryBytes({
    training,
    evaluationBatchSize: evaluation.batchSize,
    // Rows that no example uses are not trained: this is the most there can be.
    model: { config, vocabularySize: config.vocabularySize },
    head: headOf(manifest),
    train: lengthsOf(manifest.splits.train),
    evaluation: lengthsOf(manifest.splits.evaluation),
    stepSeconds: null,
  });
  requireFits({ memoryBytes }, seen?.memoryLimitBytes ?? null);
}

/** The dataset, brought in first where it is a hub's, and where it came from then. */
async function findDataset(
  hubImport: HubImport,
  spec: DatasetSpec,
  maximumBytes: number,
): Promise<{ readonly record: DatasetRecord; readonly source: HubSource | null }> {
  if ('hub' in spec) return importDataset(hubImport, spec, maximumBytes);
  return {
    record: await hubImport.repositories.datasets.require(hubImport.projectId, spec.id),
    source: null,
  };
}

/** Only the splits that the experiment uses; names are checked where they are looked up. */
function splitSources(
  dataset: DatasetRecord,
  { trainSplit, evaluationSplit }: DatasetSpec,
  blobs: BlobStore,
): SplitSource[] {
  const isUsed = (name: string): boolean =>
    evaluationSplit === null || [trainSplit, evaluationSplit].includes(name);
  return Object.entries(dataset.splits)
    .filter(([name]) => isUsed(name))
    .map(([name, { format, blob }]) => ({ name, format, open: () => blobs.get(blob) }));
}

function mappingOf({ dataset, training }: ExperimentSpec) {
  return {
    textField: dataset.textField,
    textPairField: dataset.textPairField ?? undefined,
    labelField: dataset.labelField,
    task: dataset.task,
    trainSplit: dataset.trainSplit,
    evaluationSplit: dataset.evaluationSplit ?? undefined,
    evaluationFraction: dataset.evaluationFraction ?? undefined,
    maxTrainSamples: dataset.maxTrainSamples ?? undefined,
    maxEvaluationSamples: dataset.maxEvaluationSamples ?? undefined,
    shuffleBeforeSelect: dataset.shuffleBeforeSelect,
    seed: training.seed,
    maxSequenceLength: training.maxSequenceLength,
  };
}

async function prepareTokenizer(
  blobs: BlobStore,
  uploaded: BlobRef | undefined,
  { model }: ExperimentSpec,
  trainingTexts: AsyncIterable<string>,
  onProgress: () => void,
): Promise<SnapshotTokenizer> {
  const tokenizerJson =
    uploaded === undefined
      ? await learnTokenizer(trainingTexts, 'scratch' in model ? model.scratch.vocabularySize : 0, onProgress)
      : await blobs.text(uploaded);
  return { tokenizerJson, ...createTokenizer(tokenizerJson) };
}

async function learnTokenizer(
  texts: AsyncIterable<string>,
  vocabularySize: number,
  onProgress: () => void,
): Promise<string> {
  const learner = new WordPieceLearner();
  for await (const text of texts) learner.add(text);
  return JSON.stringify(await learner.finish({ vocabularySize, onProgress }));
}

function summaryOf(sha256: string, { splits, labels }: SnapshotManifest) {
  const { train, evaluation } = splits;
  return {
    id: snapshotIdOf(sha256),
    sha256,
    rows: { train: train.rows, evaluation: evaluation.rows, leftOut: train.leftOut + evaluation.leftOut },
    labels,
    tokens: train.tokens + evaluation.tokens,
  };
}
