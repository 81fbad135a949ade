// How much memory a training worker's process takes at its peak: what must be held, counted from the shapes of the graph, and
// how often it is there at once, fitted to measured runs (scripts/bench-estimate.mjs measures and fits them anew).
import { backwardLayers, momentsOf, parameterCounts, type EstimatedTraining } from './model.ts';
import { referenceStepSeconds } from './time.ts';
import { hiddenShare, partTokens, stepWorkload } from './workload.ts';

const bytesAValue = 4;
/** Of one run, the engine's own limits: steps at most, seconds aimed at, bytes of dropout masks at most. */
export const runLimits = { steps: 100, seconds: 1.7, maskBytes: 256 * 2 ** 20 } as const;

/** What is held at the peak, in bytes, each counted once. */
interface MemoryParts {
  /** Parameters that are trained, with their moments. */
  readonly state: number;
  /** The second moments once more, which an update takes apart; 0 with an optimizer that has none. */
  readonly secondMoments: number;
  readonly frozen: number;
  /** Hidden states that the forward pass of a part keeps for the backward pass. */
  readonly hidden: number;
  /** Attention scores that it keeps, before and after dropout. */
  readonly scores: number;
  /** Dropout masks of a run of steps. */
  readonly masks: number;
  /** What a layer holds on the way of a batch of evaluation; 0 where training is not evaluated on the way. */
  readonly evaluation: number;
}

/**
 * How many times each part is there at once. The state: in JavaScript, where a run leaves it, in the session before and after a
 * step, and its gradients. Masks: of the run in progress and of the next. The rest is what an arena keeps beside what it hands out.
 */
const copies: MemoryParts = {
  state: 3.55,
  secondMoments: 0.61,
  frozen: 1.22,
  hidden: 2.46,
  scores: 2.11,
  masks: 2.93,
  evaluation: 1.26,
};

/** A worker's process that has loaded everything and trains a model of no size. */
const processBytes = 329e6;

/** Numbers that are known exactly once there is a snapshot, and estimated before. */
export interface MemoryInput extends EstimatedTraining {
  /** Tokens of the longest example. */
  readonly longest: number;
  /** Tokens of a step, padding left out. */
  readonly batchTokens: number;
  /** Tokens of a batch of evaluation that is made during training; 0 without one. */
  readonly evaluationTokens: number;
  /** Seconds of a step, which decide how many make a run; null: those of the machine of reference. */
  readonly stepSeconds: number | null;
  /** Steps between two checkpoints, which end a run. */
  readonly everySteps: number;
}

/**
 * Values of hidden states that a token keeps in one layer: inputs of products and norms, what feeds the GELU, and with
 * dropout what it is applied to.
 */
function hiddenOfToken({ config, recipe }: EstimatedTraining): number {
  const { hiddenSize, intermediateSize } = config;
  const ofDropout = recipe.dropout > 0 ? 3 * hiddenSize : 0;
  const kept = 5 * hiddenSize + ofDropout + 2 * intermediateSize;
  if (recipe.lora === null) return kept;
  const dropped = recipe.lora.dropout > 0 ? 3 * hiddenSize + intermediateSize : 0;
  return kept + dropped + 6 * recipe.lora.rank;
}

/** Values over the vocabulary that a token keeps for a head tied to the table of words: logits, their logarithms, targets. */
function tiedHeadOfToken({ head, vocabularySize }: EstimatedTraining): number {
  const tensors = 6;
  return head.task === 'maskedLanguage' ? tensors * hiddenShare * vocabularySize : 0;
}

/** Bytes of dropout masks of a token, one an element: of the embeddings, the scores, and the hidden states of each layer. */
function maskBytesOfToken({ config, recipe }: EstimatedTraining, width: number): number {
  const { hiddenSize, intermediateSize, heads, layers, family } = config;
  const sites = family === 'distilbert' ? 1 : 2;
  const own = recipe.dropout > 0 ? hiddenSize + layers * (heads * width + sites * hiddenSize) : 0;
  const ofAdapters = (recipe.lora?.dropout ?? 0) > 0 ? layers * (3 * hiddenSize + intermediateSize) : 0;
  return own + ofAdapters;
}

function maskBytesOfRun(input: MemoryInput): number {
  const { longest, batchTokens, everySteps } = input;
  const ofStep = maskBytesOfToken(input, longest) * batchTokens;
  const shape = { tokens: batchTokens, width: longest };
  const seconds = input.stepSeconds ?? referenceStepSeconds(stepWorkload(input, shape));
  const bySeconds = Math.max(1, Math.floor(runLimits.seconds / seconds));
  const steps = Math.min(runLimits.steps, everySteps, bySeconds);
  return Math.max(ofStep, Math.min(steps * ofStep, runLimits.maskBytes));
}

/** Counts what a training holds at its peak. */
export function memoryParts(input: MemoryInput): MemoryParts {
  const { config, recipe, longest, batchTokens, evaluationTokens } = input;
  const { hiddenSize, intermediateSize, heads } = config;
  const { trained, frozen } = parameterCounts(input);
  const tokens = Math.max(longest, Math.min(batchTokens, partTokens));
  const layers = backwardLayers(input);
  const scoresOfToken = heads * longest * (recipe.dropout > 0 ? 2 : 1);
  const passing = 8 * hiddenSize + 2 * intermediateSize + 2 * heads * longest;
  const moments = momentsOf(recipe);
  return {
    state: trained.values * (1 + moments) * bytesAValue,
    secondMoments: moments > 1 ? trained.values * bytesAValue : 0,
    frozen: frozen.values * bytesAValue,
    hidden: tokens * (layers * hiddenOfToken(input) + tiedHeadOfToken(input)) * bytesAValue,
    scores: tokens * layers * scoresOfToken * bytesAValue,
    masks: maskBytesOfRun(input),
    evaluation: evaluationTokens * passing * bytesAValue,
  };
}

/** Bytes of memory that a worker's process takes at the peak of a training. */
export function trainingMemoryBytes(input: MemoryInput): number {
  const parts = memoryParts(input);
  const names = Object.keys(copies) as (keyof MemoryParts)[];
  return Math.round(names.reduce((sum, name) => sum + copies[name] * parts[name], processBytes));
}
