// What a training step has to compute and to move, and how long the machine of reference takes for it. How fast another
// machine is, it tells itself: calibration.
import type { TrainingSpec } from '../experiment/spec.ts';
import { backwardLayers, parameterCounts, wholeModelParameters, type EstimatedTraining } from './model.ts';

/** The share of the words that masked-language training hides (Devlin et al., arXiv 1810.04805, 3.1). */
export const hiddenShare = 0.15;

/** Tokens of a part of a step at most, unless one example alone has more; as the engine cuts steps. */
export const partTokens = 2048;

/** Elementwise operators of an optimizer's update, clipping and decay among them. */
const updatePasses: Readonly<Record<TrainingSpec['optimizer']['name'], number>> = { adamw: 14, sgd: 7 };

/** What a step is made of. Counts of operations, elements and parameters; they add up over its parts. */
export interface StepWorkload {
  /** Floating-point operations of the dense layers, forward and backward. */
  readonly denseOperations: number;
  /** Attention scores, each once for the forward and twice for the backward pass. */
  readonly scores: number;
  /** Elements of hidden states that are passed over between dense layers. */
  readonly elements: number;
  /** Trained values, once for each pass that the optimizer's update makes over them. */
  readonly updatedValues: number;
  /** Values of parameters that are read by each part. */
  readonly partValues: number;
  /** Layers, once for each part: each has a fixed number of nodes. */
  readonly layerRuns: number;
}

/** The batch of a step as it is packed. */
export interface StepShape {
  /** Tokens of a step, padding left out. */
  readonly tokens: number;
  /** Tokens of a packed row: those that a token is compared with. */
  readonly width: number;
}

/** Parts that the tokens of a step are cut into. */
function partsOf({ tokens }: Pick<StepShape, 'tokens'>): number {
  return Math.max(1, Math.ceil(tokens / partTokens));
}

/** The workload of evaluating so many tokens: the forward pass alone. */
export function evaluationWorkload(training: EstimatedTraining, shape: StepShape): StepWorkload {
  const { config, head, vocabularySize } = training;
  const { hiddenSize, intermediateSize, heads, layers } = config;
  const parts = partsOf(shape);
  const { tokens, width } = shape;
  const layerOperations = 2 * (4 * hiddenSize * hiddenSize + 2 * hiddenSize * intermediateSize);
  return {
    denseOperations: tokens * layers * layerOperations,
    scores: tokens * width * heads * layers,
    elements: tokens * (hiddenSize + intermediateSize) * layers,
    updatedValues: 0,
    partValues: wholeModelParameters({ config: { ...config, vocabularySize }, head }) * parts,
    layerRuns: layers * parts,
  };
}

/** The workload of a step of so many tokens. */
export function stepWorkload(training: EstimatedTraining, { tokens, width }: StepShape): StepWorkload {
  const { config, recipe } = training;
  const { hiddenSize, intermediateSize, heads, layers } = config;
  const { trained, frozen } = parameterCounts(training);
  const backward = backwardLayers(training);
  const trainedLayers = recipe.lora === null ? layers - Math.min(recipe.freeze.layers, layers) : 0;
  const layerOperations = 2 * (4 * hiddenSize * hiddenSize + 2 * hiddenSize * intermediateSize);
  // A pass forward, one for the gradients of inputs, one for those of weights.
  const passes = layers + backward + trainedLayers;
  const adapterOperations = recipe.lora === null ? 0 : 3 * 2 * trained.values;
  // The head that is tied to the table of words is a product with all of it; every other head is small.
  const tied = training.head.task === 'maskedLanguage' ? 3 * 2 * hiddenShare * training.vocabularySize : 0;
  const parts = partsOf({ tokens });
  return {
    denseOperations: tokens * (layerOperations * passes + adapterOperations + tied * hiddenSize),
    scores: tokens * width * heads * (layers + 2 * backward),
    elements: tokens * (hiddenSize + intermediateSize) * (layers + 2 * backward),
    updatedValues: trained.values * updatePasses[recipe.optimizer.name],
    partValues: (trained.values + frozen.values) * parts,
    layerRuns: layers * parts,
  };
}
