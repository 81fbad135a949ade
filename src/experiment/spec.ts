// The specification of an experiment: a submission with every default filled in and every choice made.
import type { MetricName } from './metric-names.ts';

interface ScratchModel {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
}

export interface HubModelReference {
  /** org/name. */
  readonly hub: string;
  /** Branch, tag or commit; `null`: the main branch when the experiment is prepared. */
  readonly revision: string | null;
}

export interface HubDatasetReference extends HubModelReference {
  /** A configuration's name, or a folder. */
  readonly config: string | null;
}

/** The weights of a checkpoint that another experiment has kept. */
interface ExperimentModelReference {
  readonly experiment: string;
  readonly step: number;
}

export type ModelSource =
  { readonly id: string } | HubModelReference | { readonly scratch: ScratchModel } | ExperimentModelReference;

/** A model as it was asked for: without a step, the result of another experiment is meant. */
export type AskedModel =
  | Exclude<ModelSource, ExperimentModelReference>
  | { readonly experiment: string; readonly step: number | null };

export type DatasetTask = 'classification' | 'regression' | 'multiLabel' | 'tokenClassification';

/** `auto`: the labels say whether it is a classification or a regression. */
export type AskedTask = DatasetTask | 'auto';

export type DatasetSpec = ({ readonly id: string } | HubDatasetReference) & DatasetUse;

/** What is done with a dataset, wherever it is. */
export interface DatasetUse {
  readonly textField: string;
  readonly textPairField: string | null;
  readonly labelField: string;
  readonly task: AskedTask;
  readonly trainSplit: string;
  /**
   * `null` where a share of the training rows is taken instead, by `evaluationFraction`, and where what splits a dataset of a
   * hub has is not known yet.
   */
  readonly evaluationSplit: string | null;
  readonly evaluationFraction: number | null;
  readonly maxTrainSamples: number | null;
  readonly maxEvaluationSamples: number | null;
  readonly shuffleBeforeSelect: boolean;
}

type Schedule = 'linear' | 'cosine' | 'polynomial' | 'constant' | 'inverseSquareRoot';

interface Seeds {
  readonly head: number;
  readonly order: number;
  readonly dropout: number;
}

export interface TrainingSpec {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly maxSequenceLength: number;
  readonly weightDecay: number;
  /** 0 where `warmupSteps` is set. */
  readonly warmupRatio: number;
  readonly warmupSteps: number | null;
  readonly schedule: Schedule;
  readonly gradientClipping: number | null;
  readonly gradientAccumulation: number;
  readonly optimizer: { readonly name: 'adamw' | 'sgd' };
  readonly dropout: number;
  readonly labelSmoothing: number;
  readonly classWeights: 'balanced' | Readonly<Record<string, number>> | null;
  readonly seed: number;
  readonly seeds: Seeds;
  readonly freeze: { readonly embeddings: boolean; readonly layers: number };
  readonly layerDecay: number | null;
  readonly lora: { readonly rank: number; readonly alpha: number; readonly dropout: number } | null;
  readonly checkpoint: {
    readonly everySteps: number;
    readonly everySeconds: number;
    readonly keepLast: number;
    readonly keepBest: boolean;
  };
  readonly earlyStopping: { readonly metric: MetricName; readonly patience: number } | null;
  /** `null`: after each epoch where `earlyStopping` is set, else never before the end. */
  readonly evaluateEverySteps: number | null;
  readonly pretraining: { readonly epochs: number } | null;
}

export interface ExperimentSpec {
  readonly name: string;
  readonly tags: readonly string[];
  readonly model: ModelSource;
  readonly dataset: DatasetSpec;
  readonly training: TrainingSpec;
  readonly evaluation: { readonly batchSize: number };
  readonly limits: LimitsSpec;
}

/** What an experiment may use. It determines nothing of the result. */
export interface LimitsSpec {
  /** From the start of preparing to the end, pauses left out; `null`: as long as it takes. */
  readonly durationSeconds: number | null;
}

export const limitsDefaults: LimitsSpec = { durationSeconds: null };

type InlineCell = string | number | boolean | null;

/** Rows by split. */
export type InlineRows = Readonly<
  Record<string, readonly Readonly<Record<string, InlineCell | readonly InlineCell[]>>[]>
>;

/** Where the rows of a submission come from, before inline rows have become a dataset with an id. */
export type DatasetSource =
  | { readonly id: string }
  | HubDatasetReference
  | {
      readonly rows: InlineRows;
    };

/** Defaults of `training`, those of the BERT paper's fine-tuning where it names one (arXiv:1810.04805, A.3). */
export const trainingDefaults: TrainingSpec = {
  epochs: 3,
  batchSize: 32,
  learningRate: 5e-5,
  maxSequenceLength: 128,
  weightDecay: 0.01,
  warmupRatio: 0.1,
  warmupSteps: null,
  schedule: 'linear',
  gradientClipping: 1.0,
  gradientAccumulation: 1,
  optimizer: { name: 'adamw' },
  dropout: 0.1,
  labelSmoothing: 0,
  classWeights: null,
  seed: 42,
  seeds: { head: 42, order: 42, dropout: 42 },
  freeze: { embeddings: false, layers: 0 },
  layerDecay: null,
  lora: null,
  checkpoint: { everySteps: 100, everySeconds: 60, keepLast: 3, keepBest: true },
  earlyStopping: null,
  evaluateEverySteps: null,
  pretraining: null,
};

export const evaluationDefaults = { batchSize: 64 } as const;

/** A submission with defaults, its model and dataset still as the user gave them. */
export interface ResolvedSubmission {
  readonly source: DatasetSource;
  readonly spec: Omit<ExperimentSpec, 'model' | 'dataset'> & {
    readonly model: AskedModel;
    readonly dataset: DatasetUse;
  };
}
