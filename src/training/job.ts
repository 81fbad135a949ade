// What a training run is given and what it tells. Types only; nothing here knows where checkpoints go.
import type { MaskingVocabulary } from './masked-language.ts';
import type { Example, TargetKind } from '../text/example-table.ts';

/** Sizes of an encoder, in the words of the BERT paper (Devlin et al., arXiv 1810.04805). */
export interface BertConfig {
  readonly family: 'bert' | 'distilbert' | 'roberta';
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  /** Rows of the table of positions. */
  readonly maxPositions: number;
  /** The row of a sequence's first token in the table of positions. */
  readonly positionOffset: number;
  /** 0: no table of token types. */
  readonly typeVocabularySize: number;
  readonly layerNormEpsilon: number;
  /** Standard deviation of weights drawn at random. */
  readonly initializerRange: number;
}

export type Task = 'classification' | 'regression' | 'multiLabel' | 'tokenClassification' | 'maskedLanguage';

/** What a model predicts. */
export interface ModelHead {
  readonly task: Task;
  /** Logits a sequence or token; 1 for a regression; not used for masked language. */
  readonly labelCount: number;
}

/** A float32 tensor under its Hugging Face name, row-major. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Recipe {
  readonly epochs: number;
  readonly batchSize: number;
  /** Batches that make up one step. */
  readonly gradientAccumulation: number;
  readonly optimizer: 'adamw' | 'sgd';
  /** The highest rate, reached after warmup. */
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Steps over which the rate rises; null: a share of all steps, `warmupRatio`. */
  readonly warmupSteps: number | null;
  /** 0 to 1. */
  readonly warmupRatio: number;
  readonly weightDecay: number;
  /** The rate of each layer is that of the one above times this; null: the same everywhere. */
  readonly layerDecay: number | null;
  /** Largest global gradient norm; null: no clipping. */
  readonly gradientClipping: number | null;
  /** Probability of dropping an element, at least 0 and below 1. */
  readonly dropout: number;
  /** The share of a target that is spread evenly over the classes; classification only. */
  readonly labelSmoothing: number;
  /** One a class, for single-label classification; null: all alike. */
  readonly classWeights: readonly number[] | null;
  readonly freeze: { readonly embeddings: boolean; readonly layers: number };
  /** Adapters on every projection of the encoder, which itself stays as it is; null: the model is trained itself. */
  readonly lora: { readonly rank: number; readonly alpha: number; readonly dropout: number } | null;
  /** Whole numbers, 0 to 2^32 - 1. */
  readonly seeds: { readonly head: number; readonly order: number; readonly dropout: number };
}

export type Schedule = 'linear' | 'cosine' | 'polynomial' | 'constant' | 'inverseSquareRoot';

/** What weight decay alone has made of a word that is not in use, each as a factor of the word's first value. */
export interface UnusedWords {
  readonly scale: number;
  /** Of the momentum of SGD; 0 with AdamW, whose moments see no decay. */
  readonly momentum: number;
}

/** What is remembered of the evaluations during training. */
export interface EvaluationMemory {
  /** The step after which the last one was made. */
  readonly lastStep: number;
  /** The step with the best value of the metric, the first of equals; null while no value was defined. */
  readonly best: { readonly step: number; readonly value: number } | null;
  /** Evaluations since the best one. */
  readonly sinceBest: number;
}

/** All that, with the recipe and the data, determines the rest of a run. */
export interface TrainingState {
  /** Steps done, those before this training included. */
  readonly step: number;
  /** The tensors that are trained; of the table of words the rows of the vocabulary in use. */
  readonly parameters: readonly NamedTensor[];
  /** Of AdamW; the momentum of SGD. */
  readonly firstMoments: readonly NamedTensor[];
  /** Of AdamW; empty with SGD. */
  readonly secondMoments: readonly NamedTensor[];
  readonly unusedWords: UnusedWords;
  /** null before the first evaluation. */
  readonly evaluations: EvaluationMemory | null;
}

/** What of a machine a session uses besides its threads. */
export interface SessionPlace {
  /** Which of several CUDA devices, counted from 0. */
  readonly deviceNumber: number;
  /** Where optimized graphs are kept from one session to the next; null: nowhere. */
  readonly graphCacheDirectory: string | null;
}

export type ProviderChoice = 'auto' | 'cpu' | 'cuda';

/** What the bits of a result depend on besides the job. */
export interface NumericProfile {
  readonly onnxruntimeVersion: string;
  readonly provider: 'cpu' | 'cuda';
  readonly instructionSet: string;
  readonly threads: number;
  readonly graphSha256: string;
}

/** Where examples are: a file that openExampleFile reads, or in memory. */
export type ExampleSource =
  { readonly path: string } | { readonly examples: readonly Example[]; readonly targetKind: TargetKind };

/** Evaluations during training, on other examples. */
export interface TrainingEvaluation {
  readonly examples: ExampleSource;
  readonly batchSize: number;
  /** [labels], for the metrics of words. */
  readonly labelNames: readonly string[];
  /** Steps between two; null: one at the end of each epoch. */
  readonly everySteps: number | null;
  /** What tells the best step: a number of the metrics of the task. */
  readonly metric: string;
  readonly higherIsBetter: boolean;
  /** Training ends after so many evaluations without a better one; null: it goes on. */
  readonly patience: number | null;
}

export interface TrainingJob {
  readonly config: BertConfig;
  readonly head: ModelHead;
  readonly examples: ExampleSource;
  /** The ids that the examples use, ascending: row i of the trained table of words is that of `vocabulary[i]`. null: all. */
  readonly vocabulary: Int32Array | null;
  /** Steps that were done before this training began, which count on: those of the pretraining. */
  readonly firstStep: number;
  /** For masked language: which words are hidden, see masked-language.ts; null for every other task. */
  readonly masking: MaskingVocabulary | null;
  /** Training ends after this step, as if it were the last; null: after the last of the recipe. */
  readonly untilStep: number | null;
  /** What is not trained and yet used. */
  readonly frozen: readonly NamedTensor[];
  readonly recipe: Recipe;
  readonly evaluation: TrainingEvaluation | null;
  /** Threads within an operator. */
  readonly threads: number;
  readonly provider: ProviderChoice;
  /** Left out: the first device, and no graph is kept. */
  readonly place?: SessionPlace;
  /** Step 0, or a checkpoint. */
  readonly start: TrainingState;
  /** A checkpoint is due after so many steps or seconds, whichever comes first. */
  readonly checkpoint: { readonly everySteps: number; readonly everySeconds: number };
}

export interface StepRecord {
  /** Counted from 1: the step just done. */
  readonly step: number;
  /** The 32 bits of the float32 mean loss before the step. */
  readonly lossBits: number;
  /** The 32 bits of the float32 global gradient norm before clipping. */
  readonly gradientNormBits: number;
  readonly learningRate: number;
  readonly examples: number;
  /** Real tokens, padding not counted. */
  readonly tokens: number;
}

export type CheckpointReason = 'due' | 'best' | 'stopped' | 'finished';

export type TrainingEvent =
  | {
      readonly kind: 'phase';
      readonly phase: 'building' | 'restoring' | 'ready';
      /** With 'ready'. */
      readonly profile?: NumericProfile;
    }
  | { readonly kind: 'steps'; readonly steps: readonly StepRecord[]; readonly seconds: number }
  /** An evaluation goes on. */
  | { readonly kind: 'evaluating'; readonly step: number }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      /** null where one is not defined. */
      readonly metrics: Readonly<Record<string, number | null>>;
      readonly isBest: boolean;
      readonly seconds: number;
    }
  | {
      readonly kind: 'checkpoint';
      readonly state: TrainingState;
      readonly reason: CheckpointReason;
      /** How long training stood still for it. */
      readonly stallSeconds: number;
    }
  | { readonly kind: 'ended'; readonly outcome: 'finished' | 'stopped'; readonly step: number };

export interface TrainingRun {
  /** May be iterated once. Throws when the engine fails. */
  readonly events: AsyncIterable<TrainingEvent>;
  /** Ends after the run of steps in progress, with a checkpoint when any step was made. */
  stop(): void;
  /**
   * Tells nothing more, and settles when the thread has ended: without a checkpoint, after the run of steps in progress,
   * which takes a few seconds. It never settles while native code hangs, which nothing but the end of the process ends.
   */
  abandon(): Promise<void>;
}
