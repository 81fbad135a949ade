// The specification of an experiment: a submission with every default filled in and every choice made.

interface ScratchModel {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
}

export type ModelSource = { readonly id: string } | { readonly scratch: ScratchModel };

export interface DatasetSpec {
  readonly id: string;
  readonly textField: string;
  readonly textPairField: null;
  readonly labelField: string;
  readonly task: 'auto' | 'classification';
  readonly trainSplit: string;
  /** `null` only where a share of the training rows is taken instead, by `evaluationFraction`. */
  readonly evaluationSplit: string | null;
  readonly evaluationFraction: number | null;
  readonly maxTrainSamples: number | null;
  readonly maxEvaluationSamples: number | null;
  readonly shuffleBeforeSelect: boolean;
}

export interface TrainingSpec {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly maxSequenceLength: number;
  readonly weightDecay: number;
  readonly warmupRatio: number;
  readonly schedule: 'linear';
  readonly gradientClipping: number | null;
  readonly gradientAccumulation: 1;
  readonly dropout: number;
  readonly labelSmoothing: 0;
  readonly classWeights: null;
  readonly seed: number;
  readonly checkpoint: {
    readonly everySteps: number;
    readonly everySeconds: number;
    readonly keepLast: number;
    readonly keepBest: boolean;
  };
  readonly earlyStopping: null;
  readonly evaluateEverySteps: null;
}

export interface ExperimentSpec {
  readonly name: string;
  readonly tags: readonly string[];
  readonly model: ModelSource;
  readonly dataset: DatasetSpec;
  readonly training: TrainingSpec;
  readonly evaluation: { readonly batchSize: number };
}

/** Where the rows of a submission come from, before inline rows have become a dataset with an id. */
export type DatasetSource =
  | { readonly id: string }
  | {
      readonly rows: Readonly<
        Record<string, readonly Readonly<Record<string, string | number | boolean | null>>[]>
      >;
    };

/** Defaults of `training`, those of the BERT paper's fine-tuning where it names one (arXiv:1810.04805, A.3). */
export const trainingDefaults: TrainingSpec = {
  epochs: 3,
  batchSize: 32,
  learningRate: 5e-5,
  maxSequenceLength: 128,
  weightDecay: 0.01,
  warmupRatio: 0.1,
  schedule: 'linear',
  gradientClipping: 1.0,
  gradientAccumulation: 1,
  dropout: 0.1,
  labelSmoothing: 0,
  classWeights: null,
  seed: 42,
  checkpoint: { everySteps: 100, everySeconds: 60, keepLast: 3, keepBest: true },
  earlyStopping: null,
  evaluateEverySteps: null,
};

export const evaluationDefaults = { batchSize: 64 } as const;

/** A submission with defaults, its dataset still as the user gave it. */
export interface ResolvedSubmission {
  readonly source: DatasetSource;
  readonly spec: Omit<ExperimentSpec, 'dataset'> & { readonly dataset: Omit<DatasetSpec, 'id'> };
}
