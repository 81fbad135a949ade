// Evaluates the trained model on the snapshot's evaluation split and keeps every row's prediction.
import { Context } from '@temporalio/activity';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import { predictionLines } from '../../src/dataset/predictions.ts';
import { CodedError } from '../../src/error.ts';
import type {
  EvaluationActivities,
  EvaluationResult,
  ExperimentReference,
} from '../../src/experiment/activity.ts';
import { readModelConfig } from '../../src/model/model-config.ts';
import { readSafetensors } from '../../src/model/safetensors.ts';
import { canonicalJson } from '../../src/storage/canonical-json.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { evaluate, type EvaluationJob } from '../../src/training/evaluator.ts';
import { classificationMetrics, predictedClasses } from '../../src/training/metrics.ts';
import { runAttempt } from './attempt.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { EvaluationDocument } from './evaluation-document.ts';
import { Watchdog } from './watchdog.ts';
import { throwIfEnding } from './worker-stopping.ts';

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
          evaluateExperiment(dependencies, experiment),
        ),
      ),
  };
}

async function evaluateExperiment(
  dependencies: ActivityDependencies,
  reference: ExperimentReference,
): Promise<EvaluationResult> {
  const { repositories, store, config } = dependencies;
  const activity = Context.current();
  const heartbeat = (): void => activity.heartbeat();
  const { spec, snapshot: summary, latestCheckpoint } = await repositories.experiments.require(reference);
  if (summary === null || latestCheckpoint === null)
    throw new CodedError('internal', 'Evaluation was asked for before there was a trained model.');
  const blobs = projectBlobs(store, reference.projectId);
  const { step, id } = latestCheckpoint;
  const manifest = await new CheckpointStore(store, reference.projectId).read(
    reference.experimentId,
    step,
    id,
  );
  if (manifest === undefined)
    throw new CodedError('blob_missing', 'The manifest of the last checkpoint is missing.');
  const { parameters, config: configBlob } = manifest.blobs;
  const snapshot = await openSnapshot(blobs, summary.sha256);
  const { examples, labels } = await snapshot.examples('evaluation', heartbeat);
  const labelNames = snapshot.manifest.labels;
  const { logits, losses } = await evaluateWatched(dependencies, activity, {
    config: readModelConfig(Buffer.from(await blobs.bytes(configBlob)).toString('utf8')),
    labelCount: labelNames.length,
    parameters: await readSafetensors(await blobs.get(parameters), parameters.sizeBytes, heartbeat),
    examples,
    labels,
    batchSize: spec.evaluation.batchSize,
    // As training did, so that the same weights give the same bits whatever worker evaluates them.
    threads: Number(manifest.profile['threads']),
    provider: config.executionProvider,
  });
  const predicted = predictedClasses(logits, labelNames.length);
  const document: EvaluationDocument = {
    formatVersion: 1,
    task: snapshot.manifest.task,
    snapshotSha256: summary.sha256,
    checkpoint: { step, id, weightsSha256: parameters.sha256 },
    labels: labelNames,
    ...classificationMetrics({ predicted, labels, labelCount: labelNames.length, losses }),
    predictions: await blobs.putStream(predictionLines({ labelNames, labels, predicted, logits, losses })),
  };
  const { sha256 } = await blobs.putBytes(Buffer.from(canonicalJson(document)));
  return { evaluationSha256: sha256 };
}

/** Evaluates until done, a stop or a cancellation; an engine that hangs ends the process. */
async function evaluateWatched(
  dependencies: ActivityDependencies,
  activity: Context,
  job: Omit<EvaluationJob, 'signal' | 'onProgress'>,
): ReturnType<typeof evaluate> {
  const { stopping } = dependencies;
  throwIfEnding(stopping, activity);
  const watchdog = new Watchdog(dependencies, activity);
  watchdog.watch();
  try {
    return await evaluate({
      ...job,
      signal: AbortSignal.any([stopping, activity.cancellationSignal]),
      onProgress(done, total) {
        activity.heartbeat({ done, total });
        watchdog.watch();
      },
    });
  } catch (error) {
    throwIfEnding(stopping, activity);
    throw error;
  } finally {
    watchdog.rest();
  }
}
