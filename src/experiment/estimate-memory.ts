// How much memory a training worker's process takes at its peak: what must be held, counted from the shapes of the graph, and
// constants fitted to measured runs (scripts/bench-estimate.mjs prints them anew).
import { backwardLayers, momentsOf, parameterCounts, type EstimatedTraining } from './estimate-model.ts';
import { hiddenShare, partTokens } from './estimate-workload.ts';

const bytesAValue = 4;
/** Steps of one run at most, seconds that a run aims at, and bytes of dropout masks of one run at most: the engine's own. */
const runLimits = { steps: 100, seconds: 1.5, maskBytes: 256 * 2 ** 20 } as const;

/** What is held at the peak, in bytes, before the constants that say how many copies of it there are. */
export interface MemoryParts {
  /** Parameters that are trained, with their moments. */
  readonly state: number;
  /** As many values as are trained. */
  readonly gradients: number;
  readonly frozen: number;
  /** What the forward pass of a part keeps for the backward pass. */
  readonly activations: number;
  /** What one layer holds on the way of a pass. */
  readonly passing: number;
  /** Dropout masks of a run of steps. */
  readonly masks: number;
}

/** How often each part is there at once; the base is that of a worker without work. Fitted, see the measured points. */
const copies: Readonly<Record<keyof MemoryParts, number>> & { readonly base: number } = {
  base: 250e6,
  state: 4,
  gradients: 2,
  frozen: 2,
  activations: 1,
  passing: 2,
  masks: 2,
};

/** Numbers that are known exactly once there is a snapshot, and estimated before. */
export interface MemoryInput extends EstimatedTraining {
  /** Tokens of the longest example. */
  readonly longest: number;
  /** Tokens of a step. */
  readonly batchTokens: number;
  /** Seconds of a step, which decide how many make a run; null: as many as a run can have. */
  readonly stepSeconds: number | null;
  /** Steps between two checkpoints, which end a run. */
  readonly everySteps: number;
}

/** Values that a token of one layer keeps: inputs of products and of norms, twice the scores, and what feeds the GELU. */
function keptOfToken({ config, recipe }: EstimatedTraining, width: number): number {
  const { hiddenSize, intermediateSize, heads } = config;
  const kept = 8 * hiddenSize + 2 * intermediateSize + 2 * heads * width;
  if (recipe.lora === null) return kept;
  const dropped = recipe.lora.dropout > 0 ? 3 * hiddenSize + intermediateSize : 0;
  return kept + dropped + 6 * recipe.lora.rank;
}

/** Values over the whole vocabulary that a token keeps for a head that is tied to the table of words: logits and targets. */
function keptOfTiedHead({ head, vocabularySize }: EstimatedTraining): number {
  const copies = 4;
  return head.task === 'maskedLanguage' ? copies * hiddenShare * vocabularySize : 0;
}

/** Bytes of dropout masks of a token, one an element: of the embeddings, the scores, and twice the hidden states. */
function maskBytesOfToken({ config, recipe }: EstimatedTraining, width: number): number {
  const { hiddenSize, intermediateSize, heads, layers, family } = config;
  const sites = family === 'distilbert' ? 1 : 2;
  const own = recipe.dropout > 0 ? hiddenSize + layers * (heads * width + sites * hiddenSize) : 0;
  const ofAdapters = (recipe.lora?.dropout ?? 0) > 0 ? layers * (3 * hiddenSize + intermediateSize) : 0;
  return own + ofAdapters;
}

/** Counts what a training holds at its peak. */
export function memoryParts(input: MemoryInput): MemoryParts {
  const { config, recipe, longest, batchTokens, stepSeconds, everySteps } = input;
  const { hiddenSize, intermediateSize, heads } = config;
  const { trained, frozen } = parameterCounts(input);
  const gradients = trained.values * bytesAValue;
  const tokens = Math.max(longest, Math.min(batchTokens, partTokens));
  const kept = backwardLayers(input) * keptOfToken(input, longest) + keptOfTiedHead(input);
  const stepMasks = maskBytesOfToken(input, longest) * batchTokens;
  const runSteps = Math.min(
    runLimits.steps,
    everySteps,
    stepSeconds === null ? Infinity : Math.max(1, Math.floor(runLimits.seconds / stepSeconds)),
  );
  return {
    state: gradients * (1 + momentsOf(recipe)),
    gradients,
    frozen: frozen.values * bytesAValue,
    activations: tokens * kept * bytesAValue,
    passing: tokens * (hiddenSize + intermediateSize + heads * longest) * bytesAValue,
    masks: Math.max(stepMasks, Math.min(runSteps * stepMasks, runLimits.maskBytes)),
  };
}

/** Bytes of memory that a worker's process takes at the peak of a training. */
export function trainingMemoryBytes(input: MemoryInput): number {
  const parts = memoryParts(input);
  const held = Object.entries(parts).reduce(
    (sum, [name, bytes]) => sum + bytes * copies[name as keyof MemoryParts],
    copies.base,
  );
  return Math.round(held);
}
