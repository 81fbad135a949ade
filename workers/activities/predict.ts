// Answers texts with a trained model: labels with their probabilities.
import { Context } from '@temporalio/activity';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import { wordsOf } from '../../src/dataset/label-cell.ts';
import type { SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import { CodedError } from '../../src/error.ts';
import type { PredictionActivities, PredictionInput } from '../../src/experiment/activity.ts';
import { requirePredictionSize, type PredictionItem } from '../../src/experiment/prediction.ts';
import { longestInput } from '../../src/model/model-config.ts';
import { readStoredConfig } from '../../src/model/stored-config.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { resultCheckpoint, type ResultCheckpoint } from '../../src/storage/result-checkpoint.ts';
import { exampleTableOf, type Example } from '../../src/text/example-table.ts';
import { createTokenizer, type Tokenizer } from '../../src/text/tokenizer.ts';
import { modelLimits } from '../../src/training/inference/batching.ts';
import { exportOnnx } from '../../src/training/inference/export-onnx.ts';
import { InferenceCache, type LoadedModel } from '../../src/training/inference/inference-cache.ts';
import { openInference } from '../../src/training/inference/open-inference.ts';
import { ClassProbabilities, predictedClasses } from '../../src/training/metrics/probabilities.ts';
import { checkpointTensors } from '../../src/model/checkpoint-model.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { headOf } from './training-plan.ts';

/** Sessions that a worker keeps between requests, and the bytes of their models. */
const cacheLimits = { sessions: 4, bytes: 2 * 2 ** 30 } as const;

export interface Predictions {
  readonly activities: PredictionActivities;
  /** Frees the sessions that are kept; they would keep the process alive. */
  readonly close: () => Promise<void>;
}

/**
 * The activity that predicts, for the evaluation queue, and the sessions that it keeps.
 *
 * @throws nothing itself. The activity throws ApplicationFailure with an error's code as its type: `no_checkpoint`,
 * `not_found`, `invalid_request` for pairs where texts are asked for and the other way round, `payload_too_large`,
 * `engine_failed`, `out_of_memory`, `blob_missing`, `blob_corrupt`, `storage_unavailable`, `database_unavailable`.
 */
export function openPredictions(dependencies: ActivityDependencies): Predictions {
  const cache = new InferenceCache(cacheLimits);
  return {
    activities: {
      predict: (input) => withCodedFailures(dependencies.log, () => predict(dependencies, cache, input)),
    },
    close: () => cache.close(),
  };
}

async function predict(
  dependencies: ActivityDependencies,
  cache: InferenceCache,
  input: PredictionInput,
): Promise<readonly PredictionItem[]> {
  const { repositories, store } = dependencies;
  const { projectId, experimentId } = input;
  const reference = { projectId, experimentId };
  const blobs = projectBlobs(store, projectId);
  const checkpoints = new CheckpointStore(store, projectId);
  const record = await repositories.experiments.require(reference);
  const result = await resultCheckpoint(repositories.checkpoints, checkpoints, record);
  const snapshot = await openSnapshot(blobs, result.manifest.snapshotSha256);
  const config = await readStoredConfig(blobs, result.manifest.blobs.config);
  const tokenizer = createTokenizer(await snapshot.tokenizerJson());
  const length = Math.min(snapshot.manifest.preprocessing.maxSequenceLength, longestInput(config));
  const encoded = encodeInput(input, snapshot.manifest, tokenizer, length);
  const table = exampleTableOf(
    encoded.map(({ example }) => example),
    'class',
  );
  const { logits, rowOffsets } = await cache.use(
    result.id,
    () => loadModel(dependencies, projectId, result, snapshot.manifest),
    (inference) =>
      inference.run(table, {
        signal: AbortSignal.any([dependencies.stopping, Context.current().cancellationSignal]),
      }),
  );
  const { labelCount } = headOf(snapshot.manifest);
  const items = encoded.map((text, index) =>
    itemOf(
      logits.subarray((rowOffsets[index] ?? 0) * labelCount, (rowOffsets[index + 1] ?? 0) * labelCount),
      text,
      snapshot.manifest,
    ),
  );
  requirePredictionSize('answer', items);
  return items;
}

async function loadModel(
  { store, config: workerConfig }: ActivityDependencies,
  projectId: string,
  { manifest }: ResultCheckpoint,
  snapshot: SnapshotManifest,
): Promise<LoadedModel> {
  const blobs = projectBlobs(store, projectId);
  const config = await readStoredConfig(blobs, manifest.blobs.config);
  const head = { task: snapshot.task, labelCount: headOf(snapshot).labelCount };
  const tensors = await checkpointTensors(blobs, manifest, () => undefined);
  const bytes = exportOnnx({ config, head, precision: 'float32', tensors });
  const sizeBytes = bytes.byteLength;
  return {
    inference: await openInference(bytes, {
      threads: workerConfig.trainingThreads,
      provider: workerConfig.executionProvider,
      deviceNumber: workerConfig.executionDevice,
      limits: modelLimits(config),
    }),
    sizeBytes,
  };
}

/** A text as the model reads it, and its words where they are what is labelled. */
interface EncodedText {
  readonly example: Example;
  readonly words: readonly string[];
  /** For each token the place of its word, -1 for special tokens. */
  readonly wordOf: ArrayLike<number>;
}

function encodeInput(
  input: PredictionInput,
  { task, columns }: SnapshotManifest,
  tokenizer: Tokenizer,
  length: number,
): EncodedText[] {
  const takesPairs = columns.textPair !== null;
  if ('pairs' in input !== takesPairs)
    throw new CodedError(
      'invalid_request',
      `The model was trained on ${takesPairs ? 'pairs: send pairs' : 'single texts: send texts'}.`,
    );
  const whole = (tokenIds: Int32Array, secondStart: number): EncodedText => ({
    example: { tokenIds, secondStart, targets: new Int32Array(0) },
    words: [],
    wordOf: [],
  });
  if ('pairs' in input)
    return input.pairs.map(([first, second]) => {
      const { tokenIds, tokenTypeIds } = tokenizer.encodePair(first, second, length);
      const types = Array.from(tokenTypeIds);
      const start = types.indexOf(1);
      return whole(Int32Array.from(tokenIds), start === -1 ? types.length : start);
    });
  return input.texts.map((text) => {
    if (task !== 'tokenClassification') {
      const tokenIds = Int32Array.from(tokenizer.encode(text, length));
      return whole(tokenIds, tokenIds.length);
    }
    const words = wordsOf(text) ?? [];
    const { tokenIds, wordOf } = tokenizer.encodeWords(words, length);
    const ids = Int32Array.from(tokenIds);
    return { example: { tokenIds: ids, secondStart: ids.length, targets: new Int32Array(0) }, words, wordOf };
  });
}

function byLabel(
  labels: readonly string[],
  probabilityOf: (label: number) => number,
): Record<string, number> {
  return Object.fromEntries(labels.map((name, label) => [name, probabilityOf(label)]));
}

/** @param logits of one text: `[labels]`, or `[tokens, labels]` where words are labelled. */
function itemOf(logits: Float32Array, text: EncodedText, { task, labels }: SnapshotManifest): PredictionItem {
  switch (task) {
    case 'regression':
      return { value: logits[0] ?? NaN };
    case 'multiLabel': {
      const probabilities = byLabel(labels, (label) => 1 / (1 + Math.exp(-(logits[label] ?? NaN))));
      return { labels: labels.filter((_, label) => (logits[label] ?? NaN) >= 0), probabilities };
    }
    case 'classification': {
      const all = new ClassProbabilities({ logits, labelCount: labels.length });
      const [best = 0] = predictedClasses(logits, labels.length);
      return { label: labels[best] ?? '', probabilities: byLabel(labels, (label) => all.of(0, label)) };
    }
    case 'tokenClassification': {
      const all = new ClassProbabilities({ logits, labelCount: labels.length });
      const predicted = predictedClasses(logits, labels.length);
      const firstTokens = new Map<number, number>();
      Array.from(text.wordOf).forEach((word, token) => {
        if (word >= 0 && !firstTokens.has(word)) firstTokens.set(word, token);
      });
      return {
        words: text.words.map((word, place) => {
          const token = firstTokens.get(place);
          if (token === undefined) return { word, label: null, probability: null };
          const label = predicted[token] ?? 0;
          return { word, label: labels[label] ?? '', probability: all.of(token, label) };
        }),
      };
    }
  }
}
