// Makes the immutable snapshot that everything after it reads: rows, labels, tokenizer and token ids.
import { Context } from '@temporalio/activity';
import type { LeaseHolder } from '../../src/database/lock.ts';
import type { DatasetRecord } from '../../src/database/dataset-repository.ts';
import { buildSnapshot, type SnapshotTokenizer } from '../../src/dataset/build-snapshot.ts';
import type { SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import type { SplitSource } from '../../src/dataset/column-mapping.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import type { TokenTable } from '../../src/dataset/token-table.ts';
import { CodedError } from '../../src/error.ts';
import type {
  EvaluationActivities,
  ExperimentReference,
  PreparedSnapshot,
} from '../../src/experiment/activity.ts';
import { snapshotIdOf } from '../../src/experiment/id.ts';
import type { DatasetSpec, ExperimentSpec } from '../../src/experiment/spec.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { WordPieceLearner } from '../../src/text/learn-word-piece.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { totalSteps } from '../../src/training/batch-order.ts';
import { runAttempt } from './attempt.ts';
import { cautiousBatchSeconds, forwardOperations, trainingOperations } from './cautious-batch-seconds.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { experimentModel } from './experiment-model.ts';
import { throwIfEnding } from './worker-stopping.ts';

/**
 * The activity that prepares a snapshot, for the evaluation queue.
 *
 * @throws nothing itself. The activity throws CancelledFailure, or ApplicationFailure with an error's code as its type:
 * `worker_stopping`; `dataset_split_missing`, `dataset_column_missing`, `dataset_split_empty`, `dataset_invalid`,
 * `labels_invalid`, `not_supported`; `lease_lost`, `blob_missing`, `blob_corrupt`, `storage_unavailable`,
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
  { repositories, store, stopping }: ActivityDependencies,
  reference: ExperimentReference,
  holder: LeaseHolder,
): Promise<PreparedSnapshot> {
  const { spec } = await repositories.experiments.require(reference);
  const blobs = projectBlobs(store, reference.projectId);
  const dataset = await repositories.datasets.get(reference.projectId, spec.dataset.id);
  if (dataset === undefined) throw new CodedError('not_found', `There is no dataset ${spec.dataset.id}.`);
  const model = await experimentModel(repositories, blobs, reference.projectId, spec);
  const activity = Context.current();
  const onProgress = (): void => {
    throwIfEnding(stopping, activity);
    activity.heartbeat();
  };
  const { sha256, manifest } = await buildSnapshot({
    splits: splitSources(dataset, spec.dataset, blobs),
    mapping: mappingOf(spec),
    blobs,
    prepareTokenizer: (texts) => prepareTokenizer(blobs, model.tokenizer, spec, texts, onProgress),
    rowsRead: onProgress,
  });
  await repositories.results.setSnapshot(holder, summaryOf(sha256, manifest));
  const snapshot = await openSnapshot(blobs, sha256);
  const config = model.config(createTokenizer(await snapshot.tokenizerJson()));
  const sizes = { config, labelCount: manifest.labels.length };
  const { training, evaluation } = spec;
  const trainTokens = training.batchSize * longestExample(await snapshot.examples('train', onProgress));
  const evaluationTokens =
    evaluation.batchSize * longestExample(await snapshot.examples('evaluation', onProgress));
  return {
    sha256,
    totalSteps: totalSteps(manifest.splits.train.rows, training),
    stepSeconds: cautiousBatchSeconds(sizes, trainTokens, trainingOperations),
    evaluationBatchSeconds: cautiousBatchSeconds(sizes, evaluationTokens, forwardOperations),
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
      : Buffer.from(await blobs.bytes(uploaded)).toString('utf8');
  const tokenizer = createTokenizer(tokenizerJson);
  return { tokenizerJson, encode: (text, maximumLength) => tokenizer.encode(text, maximumLength) };
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

function longestExample({ examples: { offsets } }: TokenTable): number {
  return offsets.reduce((longest, offset, index) => Math.max(longest, offset - (offsets[index - 1] ?? 0)), 0);
}
