// Evaluates the trained model on the snapshot's evaluation split and keeps every row's prediction.
import { CancelledFailure, Context } from '@temporalio/activity';
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
import { evaluate } from '../../src/training/evaluator.ts';
import { classificationMetrics, predictedClasses } from '../../src/training/metrics.ts';
import { runAttempt } from './attempt.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { EvaluationDocument } from './evaluation-document.ts';

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
  const { repositories, store, config, stopping } = dependencies;
  const activity = Context.current();
  const { spec, snapshot: summary, latestCheckpoint } = await repositories.experiments.require(reference);
  if (summary === null || latestCheckpoint === null)
    throw new CodedError('internal', 'Evaluation was asked for before there was a trained model.');
  const blobs = projectBlobs(store, reference.projectId);
  const published = await new CheckpointStore(store, reference.projectId).read(
    reference.experimentId,
    latestCheckpoint.step,
  );
  if (published?.id !== latestCheckpoint.id)
    throw new CodedError('blob_missing', 'The manifest of the last checkpoint is not the committed one.');
  const { parameters, config: configBlob } = published.manifest.blobs;
  const snapshot = await openSnapshot(blobs, summary.sha256);
  const { examples, labels } = await snapshot.examples('evaluation');
  const labelNames = snapshot.manifest.labels;
  activity.heartbeat();
  const stop = AbortSignal.any([stopping, activity.cancellationSignal]);
  const { logits, losses } = await evaluate({
    config: readModelConfig(Buffer.from(await blobs.bytes(configBlob)).toString('utf8')),
    labelCount: labelNames.length,
    parameters: await readSafetensors(await blobs.get(parameters), parameters.sizeBytes),
    examples,
    labels,
    batchSize: spec.evaluation.batchSize,
    // As training did, so that the same weights give the same bits whatever worker evaluates them.
    threads: Number(published.manifest.profile['threads']),
    provider: config.executionProvider,
    signal: stop,
    onProgress: (done, total) => activity.heartbeat({ done, total }),
  }).catch((error: unknown) => {
    if (activity.cancellationSignal.aborted) throw new CancelledFailure('The evaluation was cancelled.');
    throw error;
  });
  const predicted = predictedClasses(logits, labelNames.length);
  const document: EvaluationDocument = {
    formatVersion: 1,
    task: snapshot.manifest.task,
    snapshotSha256: summary.sha256,
    checkpoint: { step: latestCheckpoint.step, id: latestCheckpoint.id, weightsSha256: parameters.sha256 },
    labels: labelNames,
    ...classificationMetrics({ predicted, labels, labelCount: labelNames.length, losses }),
    predictions: await blobs.putStream(predictionLines({ labelNames, labels, predicted, logits, losses })),
  };
  const { sha256 } = await blobs.putBytes(Buffer.from(canonicalJson(document)));
  return { evaluationSha256: sha256 };
}
