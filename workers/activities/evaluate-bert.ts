// Evaluates the trained model on the snapshot's evaluation split and keeps every row's prediction.
import { Context } from '@temporalio/activity';
import { requireTrained, rowBehind } from '../../src/database/row-behind.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import { predictionLines } from '../../src/dataset/predictions.ts';
import type {
  EvaluationActivities,
  EvaluationResult,
  TrainedExperiment,
} from '../../src/experiment/activity.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { metricValues } from '../../src/experiment/metric-names.ts';
import { readStoredConfig } from '../../src/model/stored-config.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { resultCheckpoint } from '../../src/storage/result-checkpoint.ts';
import { openExampleFile } from '../../src/text/example-file.ts';
import type { ExampleTable } from '../../src/text/example-table.ts';
import { yieldRegularly } from '../../src/waiting/event-loop.ts';
import { evaluationFormatVersion } from '../../src/experiment/evaluation-format.ts';
import { evaluationInput } from '../../src/training/evaluation-input.ts';
import { evaluate } from '../../src/training/evaluator.ts';
import { modelLimits } from '../../src/training/inference/batching.ts';
import type { InferenceModel } from '../../src/training/inference/inference-model.ts';
import { openInference } from '../../src/training/inference/open-inference.ts';
import type { BertConfig, NamedTensor } from '../../src/training/job.ts';
import { evaluationMetrics } from '../../src/training/metrics/evaluation-metrics.ts';
import { exportInThread } from '../../src/training/runtime/export-in-thread.ts';
import { whileWaiting } from '../../src/waiting/while-waiting.ts';
import { headOf } from '../preparation/engine-recipe.ts';
import { runAttempt } from '../attempt/run-attempt.ts';
import { checkpointTensors } from '../../src/model/checkpoint-model.ts';
import { withScratchDirectory } from '../../src/storage/scratch-directory.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from '../attempt/dependencies.ts';
import { evaluatedPredictions, largestDifference } from './evaluated-predictions.ts';
import type { EvaluationDocument } from './evaluation-document.ts';
import { whileEngineWorks } from '../attempt/while-engine-works.ts';
import { progressOf, throwIfEnding } from '../attempt/worker-stopping.ts';

/** Rows whose logits are computed a second time, by the training's forward pass. */
const mostComparedRows = 256;
const comparedBatchSize = 32;

/**
 * The activity that evaluates, for the evaluation queue.
 *
 * @throws nothing itself. The activity throws CancelledFailure, or ApplicationFailure with an error's code as its type:
 * `worker_stopping`; `sequence_too_long`, `model_incompatible`, `engine_failed`; `blob_missing`, `blob_corrupt`,
 * `storage_unavailable`, `database_unavailable`, `transition_not_allowed`, `not_found`.
 */
export function createEvaluateActivities(
  dependencies: ActivityDependencies,
): Pick<EvaluationActivities, 'evaluateBert'> {
  return {
    evaluateBert: (experiment) =>
      withCodedFailures(dependencies.log, () =>
        runAttempt(dependencies, experiment, 'evaluating', () =>
          withScratchDirectory((directory) => evaluateExperiment(dependencies, experiment, directory)),
        ),
      ),
  };
}

/** What an evaluation works on. */
interface Evaluated {
  readonly config: BertConfig;
  readonly head: InferenceModel['head'];
  readonly labelNames: readonly string[];
  readonly tensors: readonly NamedTensor[];
  readonly table: ExampleTable;
  readonly threads: number;
}

async function evaluateExperiment(
  dependencies: ActivityDependencies,
  { trainedStep, ...reference }: TrainedExperiment,
  directory: string,
): Promise<EvaluationResult> {
  const { repositories, store } = dependencies;
  const activity = Context.current();
  const onProgress = progressOf(dependencies, activity);
  const record = await repositories.experiments.require(reference);
  const { snapshot: summary } = record;
  if (summary === null) throw rowBehind(record, 'its snapshot');
  requireTrained(record, trainedStep);
  const blobs = projectBlobs(store, reference.projectId, repositories.pins.untilEnd(reference));
  const checkpoints = new CheckpointStore(store, reference.projectId);
  const { step, id, manifest } = await resultCheckpoint(repositories.checkpoints, checkpoints, record);
  const snapshot = await openSnapshot(blobs, summary.sha256);
  const { labels: labelNames } = snapshot.manifest;
  const { path } = await snapshot.examples('evaluation', directory, onProgress);
  const config = await readStoredConfig(blobs, manifest.blobs.config);
  const tensors = await checkpointTensors(blobs, manifest, onProgress);
  const table = openExampleFile(path);
  const evaluated: Evaluated = {
    config,
    head: headOf(snapshot.manifest),
    labelNames,
    tensors,
    table,
    // As training did, so that the same weights give the same bits whatever worker evaluates them.
    threads: manifest.profile.threads,
  };
  try {
    const float32 = await runExported(dependencies, activity, evaluated, 'float32', blobs);
    const int8 = await runExported(dependencies, activity, evaluated, 'int8', blobs);
    const compared = await trainingLogits(dependencies, activity, evaluated);
    const inputOf = (logits: Float32Array) => evaluationInput(table, evaluated.head, labelNames, logits);
    const yieldToOthers = yieldRegularly(onProgress);
    const input = inputOf(float32.logits);
    const document: EvaluationDocument = {
      ...(await evaluationMetrics(input, yieldToOthers)),
      formatVersion: evaluationFormatVersion,
      snapshotSha256: summary.sha256,
      checkpoint: { step, id, weightsSha256: manifest.blobs.parameters.sha256 },
      labels: labelNames,
      predictions: await blobs.putStream(
        predictionLines(await evaluatedPredictions(input, labelNames, yieldToOthers)),
        { onProgress },
      ),
      inference: {
        float32: {
          model: float32.model,
          largestLogitDifference: largestDifference(float32.logits, compared.logits),
          comparedRows: compared.rows,
        },
        int8: {
          model: int8.model,
          largestLogitDifference: largestDifference(int8.logits, float32.logits),
          metrics: metricValues(await evaluationMetrics(inputOf(int8.logits), yieldToOthers)),
        },
      },
    };
    const { sha256 } = await blobs.putBytes(Buffer.from(canonicalJson(document)));
    return { evaluationSha256: sha256 };
  } finally {
    table.close();
  }
}

/** Exports the model, keeps the file, and computes the logits of every row with it. */
async function runExported(
  dependencies: ActivityDependencies,
  activity: Context,
  { config, head, tensors, table, threads }: Evaluated,
  precision: InferenceModel['precision'],
  blobs: BlobStore,
): Promise<{ readonly model: BlobRef; readonly logits: Float32Array }> {
  const bytes = await exported(dependencies, activity, { config, head, precision, tensors });
  const model = await blobs.putParts([bytes], progressOf(dependencies, activity));
  const { executionProvider: provider, executionDevice: deviceNumber } = dependencies.config;
  const { logits } = await whileEngineWorks(dependencies, activity, async ({ signal, onProgress }) => {
    const inference = await openInference(bytes, {
      threads,
      provider,
      deviceNumber,
      limits: modelLimits(config),
    });
    try {
      onProgress(0, table.count);
      return await inference.run(table, { signal, onProgress });
    } finally {
      await inference.close();
    }
  });
  return { model, logits };
}

/** An export takes as long as the model is large, and ends by itself. */
async function exported(
  { stopping }: ActivityDependencies,
  activity: Context,
  model: InferenceModel,
): Promise<Uint8Array<ArrayBuffer>> {
  const signal = AbortSignal.any([stopping, activity.cancellationSignal]);
  try {
    return await whileWaiting(() => activity.heartbeat(), exportInThread(model, signal));
  } catch (error) {
    throwIfEnding(stopping, activity);
    throw error;
  }
}

/** The logits of the first rows by the training's own forward pass. */
async function trainingLogits(
  dependencies: ActivityDependencies,
  activity: Context,
  { config, head, tensors, table, threads }: Evaluated,
): Promise<{ readonly rows: number; readonly logits: Float32Array }> {
  const rows = Math.min(table.count, mostComparedRows);
  const examples = Array.from({ length: rows }, (_, row) => table.read(row));
  const logits = await whileEngineWorks(dependencies, activity, (options) =>
    evaluate({
      config,
      head,
      vocabulary: null,
      recipe: { freeze: { embeddings: false, layers: 0 }, lora: null, layerDecay: null },
      parameters: tensors,
      examples: { examples, targetKind: table.targetKind },
      batchSize: comparedBatchSize,
      threads,
      provider: dependencies.config.executionProvider,
      place: {
        deviceNumber: dependencies.config.executionDevice,
        graphCacheDirectory: dependencies.config.graphCacheDirectory,
      },
      ...options,
    }),
  );
  return { rows, logits };
}
