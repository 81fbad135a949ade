// From an experiment's specification and snapshot to what the engine is asked to do.
import type { SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import { CodedError } from '../../src/error.ts';
import { classWeightsFor } from '../../src/experiment/class-weights.ts';
import { taskMetrics, type MetricName } from '../../src/experiment/metric-names.ts';
import type { TrainingSpec } from '../../src/experiment/spec.ts';
import type { ExampleSource, ModelHead, Recipe, TrainingEvaluation } from '../../src/training/job.ts';

/** What a model predicts for a snapshot. */
export function headOf<Task extends SnapshotManifest['task']>({
  task,
  labels,
}: Pick<SnapshotManifest, 'labels'> & { readonly task: Task }): ModelHead & { readonly task: Task } {
  return { task, labelCount: task === 'regression' ? 1 : labels.length };
}

/** @throws CodedError `labels_invalid` when class weights do not fit the labels. */
export function recipeOf(training: TrainingSpec, { labels, splits }: SnapshotManifest): Recipe {
  return {
    ...baseRecipe(training),
    classWeights: classWeightsFor(labels, splits.train.labelCounts, training.classWeights),
  };
}

/** Pretraining is told its epochs; all else is as in the training, but what belongs to its labels and its head. */
export function pretrainingRecipeOf(training: TrainingSpec, epochs: number): Recipe {
  return {
    ...baseRecipe(training),
    epochs,
    labelSmoothing: 0,
    layerDecay: null,
    lora: null,
    freeze: { embeddings: false, layers: 0 },
  };
}

function baseRecipe(training: TrainingSpec): Recipe {
  const { epochs, batchSize, gradientAccumulation, learningRate, schedule, warmupSteps } = training;
  const { warmupRatio, weightDecay, layerDecay, gradientClipping, dropout, labelSmoothing } = training;
  return {
    epochs,
    batchSize,
    gradientAccumulation,
    optimizer: training.optimizer.name,
    learningRate,
    schedule,
    warmupSteps,
    warmupRatio,
    weightDecay,
    layerDecay,
    gradientClipping,
    dropout,
    labelSmoothing,
    classWeights: null,
    freeze: training.freeze,
    lora: training.lora,
    seeds: training.seeds,
  };
}

/** What tells the best step; evaluations that none is named for look at the loss. */
export function watchedMetric({ earlyStopping }: TrainingSpec): MetricName {
  return earlyStopping?.metric ?? 'loss';
}

/** The evaluations during training; null where none is asked for. @throws CodedError `labels_invalid` */
export function trainingEvaluationOf(
  training: TrainingSpec,
  { task, labels }: SnapshotManifest,
  examples: ExampleSource,
  batchSize: number,
): TrainingEvaluation | null {
  const { earlyStopping, evaluateEverySteps } = training;
  if (earlyStopping === null && evaluateEverySteps === null) return null;
  const metric = watchedMetric(training);
  const direction = taskMetrics[task][metric];
  if (direction === undefined)
    throw new CodedError(
      'labels_invalid',
      `training.earlyStopping.metric is ${metric}, which a ${task} does not have; it has ${Object.keys(taskMetrics[task]).join(', ')}.`,
    );
  return {
    examples,
    batchSize,
    labelNames: labels,
    everySteps: evaluateEverySteps,
    metric,
    higherIsBetter: direction === 'higher',
    patience: earlyStopping?.patience ?? null,
  };
}
