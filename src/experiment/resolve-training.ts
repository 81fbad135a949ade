// From the `training` of a submission to that of a specification: every default, and the seeds, filled in.
import { trainingDefaults, type TrainingSpec } from './spec.ts';
import type { SubmittedTraining } from './training-schema.ts';

/** An adapter is scaled by alpha / rank: twice, where a user names no alpha. */
const alphaOfRank = 2;

/** @param longestInput tokens that the model can read, where that is known already. */
export function resolveTraining(training: SubmittedTraining, longestInput: number): TrainingSpec {
  const defaults = trainingDefaults;
  const { warmupSteps = null, seed = defaults.seed, freeze, lora } = training;
  return {
    epochs: training.epochs ?? defaults.epochs,
    batchSize: training.batchSize ?? defaults.batchSize,
    learningRate: training.learningRate ?? defaults.learningRate,
    maxSequenceLength: training.maxSequenceLength ?? Math.min(defaults.maxSequenceLength, longestInput),
    weightDecay: training.weightDecay ?? defaults.weightDecay,
    warmupRatio: warmupSteps === null ? (training.warmupRatio ?? defaults.warmupRatio) : 0,
    warmupSteps,
    schedule: training.schedule ?? defaults.schedule,
    gradientClipping:
      training.gradientClipping === undefined ? defaults.gradientClipping : training.gradientClipping,
    gradientAccumulation: training.gradientAccumulation ?? defaults.gradientAccumulation,
    optimizer: training.optimizer ?? defaults.optimizer,
    dropout: training.dropout ?? defaults.dropout,
    labelSmoothing: training.labelSmoothing ?? defaults.labelSmoothing,
    classWeights: training.classWeights ?? defaults.classWeights,
    seed,
    seeds: { head: seed, order: seed, dropout: seed, ...training.seeds },
    freeze: { ...defaults.freeze, ...freeze },
    layerDecay: training.layerDecay ?? defaults.layerDecay,
    lora: lora
      ? { rank: lora.rank, alpha: lora.alpha ?? alphaOfRank * lora.rank, dropout: lora.dropout ?? 0 }
      : defaults.lora,
    checkpoint: { ...defaults.checkpoint, ...training.checkpoint },
    earlyStopping: training.earlyStopping ?? defaults.earlyStopping,
    evaluateEverySteps: training.evaluateEverySteps ?? defaults.evaluateEverySteps,
    pretraining: training.pretraining ?? defaults.pretraining,
  };
}
