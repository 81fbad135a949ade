// A trained model that answers texts: what is read and loaded once for it, and kept with its session.
import type { Config } from '../../src/config.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import type { SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import type { PredictionItem, PredictionTexts } from '../../src/experiment/prediction.ts';
import { checkpointTensors } from '../../src/model/checkpoint-model.ts';
import { longestInput } from '../../src/model/model-config.ts';
import { readStoredConfig } from '../../src/model/stored-config.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { exampleTableOf } from '../../src/text/example-table.ts';
import { createTokenizer, type Tokenizer } from '../../src/text/tokenizer.ts';
import { modelLimits } from '../../src/training/inference/batching.ts';
import type { LoadedModel } from '../../src/training/inference/inference-cache.ts';
import { openInference, type Inference } from '../../src/training/inference/open-inference.ts';
import { exportInThread } from '../../src/training/runtime/export-in-thread.ts';
import { headOf } from '../preparation/engine-recipe.ts';
import { encodeTexts } from './encoded-text.ts';
import { predictionItem } from './prediction-item.ts';

/** What models are read and run with. */
export interface PredictorSources {
  readonly store: ObjectStore;
  readonly config: Pick<Config, 'executionProvider' | 'executionDevice' | 'trainingThreads'>;
  /** Aborted when this worker is asked to stop. */
  readonly stopping: AbortSignal;
}

/** How texts become the model's input, and logits an answer. */
export interface Reading {
  readonly snapshot: Pick<SnapshotManifest, 'task' | 'columns' | 'labels'>;
  readonly tokenizer: Tokenizer;
  /** Most tokens of a text. */
  readonly length: number;
}

/** A session, and the reading that belongs to it. */
export interface LoadedPredictor extends LoadedModel {
  readonly reading: Reading;
}

/**
 * Loads what a checkpoint made.
 *
 * @throws CodedError `blob_missing`, `blob_corrupt`, `storage_unavailable`, `model_incompatible`, `engine_failed`,
 * `out_of_memory`; the reason of the worker's stop.
 */
export async function loadPredictor(
  { store, stopping, config: worker }: PredictorSources,
  projectId: string,
  manifest: CheckpointManifest,
): Promise<LoadedPredictor> {
  const blobs = projectBlobs(store, projectId);
  const snapshot = await openSnapshot(blobs, manifest.snapshotSha256);
  const config = await readStoredConfig(blobs, manifest.blobs.config);
  const tokenizer = createTokenizer(await snapshot.tokenizerJson());
  const { preprocessing } = snapshot.manifest;
  const head = headOf(snapshot.manifest);
  const tensors = await checkpointTensors(blobs, manifest, () => undefined);
  const bytes = await exportInThread({ config, head, precision: 'float32', tensors }, stopping);
  // Before it moves to the session's thread.
  const sizeBytes = bytes.byteLength;
  return {
    inference: await openInference(bytes, {
      threads: worker.trainingThreads,
      provider: worker.executionProvider,
      deviceNumber: worker.executionDevice,
      limits: modelLimits(config),
    }),
    sizeBytes,
    reading: {
      snapshot: snapshot.manifest,
      tokenizer,
      length: Math.min(preprocessing.maxSequenceLength, longestInput(config)),
    },
  };
}

/** How a run ends that does not end by itself. */
export interface PredictionRun {
  readonly signal: AbortSignal;
  /** Waits for signs of the engine, from `watch` to `rest`. */
  readonly watchdog: { watch(): void; rest(): void };
}

/**
 * One item a text, in their order.
 *
 * @throws CodedError `invalid_request` for pairs where the model reads single texts, and the other way round; what the
 * session throws; the reason of `signal`.
 */
export async function predictTexts(
  inference: Inference,
  { snapshot, tokenizer, length }: Reading,
  input: PredictionTexts,
  { signal, watchdog }: PredictionRun,
): Promise<readonly PredictionItem[]> {
  const encoded = encodeTexts(input, snapshot, tokenizer, length);
  const table = exampleTableOf(
    encoded.map(({ example }) => example),
    'class',
  );
  watchdog.watch();
  const { logits, rowOffsets } = await inference
    .run(table, { signal, onProgress: () => watchdog.watch() })
    .finally(() => watchdog.rest());
  const { labelCount } = headOf(snapshot);
  return encoded.map((text, index) => {
    const [start = 0, end = 0] = rowOffsets.subarray(index, index + 2);
    return predictionItem(logits.subarray(start * labelCount, end * labelCount), text, snapshot);
  });
}
