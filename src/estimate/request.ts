// What an estimate is made from: a recipe, and what is known of model, data and workers.
import type { TrainingSpec } from '../experiment/spec.ts';
import type { EstimatedHead, EstimatedTraining, ModelSizes } from './model.ts';
import type { EstimatedSplit } from './split.ts';
import type { MachineSpeed } from './time.ts';

/** What is known of the data. */
export interface EstimatedData {
  readonly head: EstimatedHead;
  readonly train: EstimatedSplit;
  readonly evaluation: EstimatedSplit;
  /** Training rows of the rarest class; null where rows have no class. */
  readonly fewestRowsOfClass: number | null;
}

/** What is known of the model. */
export interface EstimatedModel {
  readonly config: ModelSizes;
  /** Words in use: rows of the table of words that are trained. */
  readonly vocabularySize: number;
}

/** What is known of the workers. */
interface SeenWorkers {
  /** The latest first. */
  readonly speeds: readonly MachineSpeed[];
  /** Of the training worker seen last; null where none was. */
  readonly memoryLimitBytes: number | null;
}

export interface EstimateRequest {
  readonly training: TrainingSpec;
  readonly evaluationBatchSize: number;
  /** null: it is on a hub. */
  readonly model: EstimatedModel | null;
  /** null: it is on a hub. */
  readonly data: EstimatedData | null;
  readonly workers: SeenWorkers;
  /** The hash of `trainedSizes`, by which observations of equal sizes are found. */
  readonly hashSizes: (training: EstimatedTraining) => string;
}
