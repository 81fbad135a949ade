// How large a model is and what a recipe trains of it, in plain numbers: what every part of an estimate begins with.
import type { DatasetTask, TrainingSpec } from '../experiment/spec.ts';

/** Sizes of an encoder, as its configuration names them. */
export interface ModelSizes {
  readonly family: 'bert' | 'distilbert' | 'roberta';
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  /** 0: no table of token types. */
  readonly typeVocabularySize: number;
}

/** What a model predicts. */
export interface EstimatedHead {
  readonly task: DatasetTask | 'maskedLanguage';
  /** Logits of an example or token; not used for masked language. */
  readonly labelCount: number;
}

/** What of a recipe decides how much there is to compute and to hold. */
export type EstimatedRecipe = Pick<
  TrainingSpec,
  'batchSize' | 'gradientAccumulation' | 'dropout' | 'freeze' | 'lora' | 'optimizer'
>;

/** A training as an estimate sees it. */
export interface EstimatedTraining {
  readonly config: ModelSizes;
  readonly head: EstimatedHead;
  readonly recipe: EstimatedRecipe;
  /** Rows of the table of words that are trained: the words in use, or for masked language all. */
  readonly vocabularySize: number;
}

/** A number of values, and of the tensors that hold them. */
interface TensorCount {
  readonly values: number;
  readonly tensors: number;
}

const none: TensorCount = { values: 0, tensors: 0 };

function sum(...counts: readonly TensorCount[]): TensorCount {
  return counts.reduce(
    (all, { values, tensors }) => ({ values: all.values + values, tensors: all.tensors + tensors }),
    none,
  );
}

function times(factor: number, { values, tensors }: TensorCount): TensorCount {
  return { values: factor * values, tensors: factor * tensors };
}

function dense(inputs: number, outputs: number): TensorCount {
  return { values: (inputs + 1) * outputs, tensors: 2 };
}

function embeddings(
  { hiddenSize, maxPositions, typeVocabularySize }: ModelSizes,
  words: number,
): TensorCount {
  const rows = words + maxPositions + typeVocabularySize;
  const tables = typeVocabularySize > 0 ? 3 : 2;
  return { values: (rows + 2) * hiddenSize, tensors: tables + 2 };
}

function encoderLayer({ hiddenSize, intermediateSize }: ModelSizes): TensorCount {
  return sum(
    times(4, dense(hiddenSize, hiddenSize)),
    dense(hiddenSize, intermediateSize),
    dense(intermediateSize, hiddenSize),
    { values: 4 * hiddenSize, tensors: 4 },
  );
}

function headOf({ config, head, vocabularySize }: EstimatedTraining): TensorCount {
  const { hiddenSize } = config;
  if (head.task === 'tokenClassification') return dense(hiddenSize, head.labelCount);
  if (head.task === 'maskedLanguage')
    return sum(dense(hiddenSize, hiddenSize), { values: 2 * hiddenSize + vocabularySize, tensors: 3 });
  return sum(dense(hiddenSize, hiddenSize), dense(hiddenSize, head.labelCount));
}

function adapters({ config, recipe }: EstimatedTraining): TensorCount {
  const { hiddenSize, intermediateSize, layers } = config;
  const widths = 4 * 2 * hiddenSize + 2 * (hiddenSize + intermediateSize);
  return recipe.lora === null ? none : { values: recipe.lora.rank * widths * layers, tensors: 12 * layers };
}

/** What a recipe trains and what it leaves as it is; of the table of words only the rows in use. */
export interface ParameterCounts {
  readonly trained: TensorCount;
  readonly frozen: TensorCount;
}

/** Counts the parameters of a training, as the engine lays them out (BERT: Devlin et al., arXiv 1810.04805). */
export function parameterCounts(training: EstimatedTraining): ParameterCounts {
  const { config, recipe, vocabularySize } = training;
  const { freeze, lora } = recipe;
  const ofEmbeddings = embeddings(config, vocabularySize);
  const frozenLayers = lora === null ? Math.min(freeze.layers, config.layers) : config.layers;
  const isEmbeddingFrozen = lora !== null || freeze.embeddings;
  const layer = encoderLayer(config);
  return {
    trained: sum(
      isEmbeddingFrozen ? none : ofEmbeddings,
      times(config.layers - frozenLayers, layer),
      headOf(training),
      adapters(training),
    ),
    frozen: sum(isEmbeddingFrozen ? ofEmbeddings : none, times(frozenLayers, layer)),
  };
}

/** All parameters of a model, the whole table of words included. */
export function wholeModelParameters({ config, head }: Pick<EstimatedTraining, 'config' | 'head'>): number {
  const recipe = {
    freeze: { embeddings: false, layers: 0 },
    lora: null,
    optimizer: { name: 'adamw' },
  } as const;
  const counted = { batchSize: 1, gradientAccumulation: 1, dropout: 0, ...recipe };
  return parameterCounts({ config, head, recipe: counted, vocabularySize: config.vocabularySize }).trained
    .values;
}

/** Moments that an optimizer keeps of each trained parameter. */
export function momentsOf({ optimizer }: Pick<TrainingSpec, 'optimizer'>): number {
  return optimizer.name === 'adamw' ? 2 : 1;
}

/** Layers that the backward pass goes through: all above the lowest that is trained. */
export function backwardLayers({ config, recipe }: Pick<EstimatedTraining, 'config' | 'recipe'>): number {
  const { freeze, lora } = recipe;
  if (lora !== null || !freeze.embeddings) return config.layers;
  return Math.max(0, config.layers - freeze.layers);
}
