// What a training run is given and what it tells. Types only; nothing here knows where checkpoints go.
import type { EncodedExamples } from '../text/encoded-examples.ts';

/** Sizes of a BERT encoder, in the words of the paper (Devlin et al., arXiv 1810.04805). */
export interface BertConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly typeVocabularySize: number;
  readonly layerNormEpsilon: number;
  /** Standard deviation of weights drawn at random. */
  readonly initializerRange: number;
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
  /** The highest rate, reached after warmup. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Share of all steps, 0 to 1, over which the rate rises. */
  readonly warmupRatio: number;
  /** Largest global gradient norm; null: no clipping. */
  readonly gradientClipping: number | null;
  /** Probability of dropping an element, at least 0 and below 1. */
  readonly dropout: number;
  /** A whole number, 0 to 2^32 - 1. */
  readonly seed: number;
}

/** All that, with the recipe and the data, determines the rest of a run. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  readonly parameters: readonly NamedTensor[];
  readonly firstMoments: readonly NamedTensor[];
  readonly secondMoments: readonly NamedTensor[];
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

export interface TrainingJob {
  readonly config: BertConfig;
  readonly labelCount: number;
  readonly examples: EncodedExamples;
  /** `[examples]`, each at least 0 and below `labelCount`. */
  readonly labels: Int32Array;
  readonly recipe: Recipe;
  /** Threads within an operator. */
  readonly threads: number;
  readonly provider: ProviderChoice;
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

export type CheckpointReason = 'due' | 'stopped' | 'finished';

export type TrainingEvent =
  | {
      readonly kind: 'phase';
      readonly phase: 'building' | 'restoring' | 'ready';
      /** With 'ready'. */
      readonly profile?: NumericProfile;
    }
  | { readonly kind: 'steps'; readonly steps: readonly StepRecord[]; readonly seconds: number }
  | { readonly kind: 'checkpoint'; readonly state: TrainingState; readonly reason: CheckpointReason }
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
