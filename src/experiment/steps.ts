// How many steps a recipe makes on so many rows. The engine, which imports nothing of this, counts the same in batch-order.ts.
import type { TrainingSpec } from './spec.ts';

type BatchSpec = Pick<TrainingSpec, 'batchSize' | 'gradientAccumulation'>;
type EpochSpec = Pick<TrainingSpec, 'epochs' | 'pretraining'>;

/** The largest step there can be: a four-byte whole number in the database. */
export const greatestStep = 2 ** 31 - 1;

/** Examples of a full step. @param rows of the training split. */
export function examplesAStep({ batchSize, gradientAccumulation }: BatchSpec, rows: number): number {
  return Math.min(rows, batchSize * gradientAccumulation);
}

/** Steps of one epoch; the last may have fewer examples. @param rows of the training split. */
export function stepsAnEpoch({ batchSize, gradientAccumulation }: BatchSpec, rows: number): number {
  return Math.ceil(rows / (batchSize * gradientAccumulation));
}

/** Epochs of all phases. */
export function allEpochs({ epochs, pretraining }: EpochSpec): number {
  return epochs + (pretraining?.epochs ?? 0);
}

/** Steps of the pretraining: 0 without one. @param rows of the training split. */
export function pretrainingSteps(training: TrainingSpec, rows: number): number {
  return (training.pretraining?.epochs ?? 0) * stepsAnEpoch(training, rows);
}

/** Steps of the whole experiment, when no early stopping ends it before. @param rows of the training split. */
export function experimentSteps(training: TrainingSpec, rows: number): number {
  return allEpochs(training) * stepsAnEpoch(training, rows);
}
