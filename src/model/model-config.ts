// The config.json of a Hugging Face encoder: which of them can be trained here, and how one is written.
import { CodedError } from '../error.ts';
import { isModelFamily, modelFamilies, type ModelFamily } from './model-family.ts';
import { isJsonObject, type JsonObject } from '../json/json-object.ts';

/** What the shape and the arithmetic of an encoder depend on. Lengths are counts of elements. */
export interface ModelConfig {
  readonly family: ModelFamily;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  /** Rows of the table of positions. */
  readonly maxPositions: number;
  /** The row of a text's first token in the table of positions; the rows before it are not used. */
  readonly positionOffset: number;
  /** 0: there is no table of token types. */
  readonly typeVocabularySize: number;
  readonly layerNormEpsilon: number;
  /** Standard deviation of newly drawn weights. */
  readonly initializerRange: number;
  readonly paddingId: number;
}

/** What the head of a model is for. */
export type ModelTask =
  'classification' | 'regression' | 'multiLabel' | 'tokenClassification' | 'maskedLanguage';

const largest = {
  vocabularySize: 1_000_000,
  hiddenSize: 4096,
  layers: 48,
  heads: 4096,
  intermediateSize: 65_536,
  maxPositions: 8192,
  typeVocabularySize: 16,
} as const;

/** One token between two special ones. */
const fewestPositions = 3;

const defaultLayerNormEpsilon = 1e-12;

/** How transformers calls what the logits are compared with; other heads need no such field. */
const problemTypes: Readonly<Partial<Record<ModelTask, string>>> = {
  classification: 'single_label_classification',
  multiLabel: 'multi_label_classification',
  regression: 'regression',
};

/** The name that transformers gives to the one output of a regression. */
const regressionLabels = ['LABEL_0'];

/**
 * Reads a config.json.
 *
 * @throws CodedError `model_invalid` for what is no configuration, `not_supported` for another family of models or for an
 *   activation or position embedding that is not the family's own.
 */
export function readModelConfig(json: unknown): ModelConfig {
  const root = typeof json === 'string' ? parse(json) : json;
  if (!isJsonObject(root)) throw invalid('is not a JSON object');
  const family = root['model_type'];
  if (!isModelFamily(family)) throw unsupported('model_type', family, Object.keys(modelFamilies));
  const { fields, otherwise, ...traits } = modelFamilies[family];
  requireValue(root, fields.activation, 'gelu');
  requireValue(root, 'position_embedding_type', 'absolute');
  requireValue(root, 'is_decoder', false);
  const hiddenSize = count(root, fields.hiddenSize, largest.hiddenSize);
  const heads = count(root, fields.heads, largest.heads);
  if (hiddenSize % heads !== 0) throw invalid(`has a ${fields.hiddenSize} that ${heads} heads do not divide`);
  const vocabularySize = count(root, 'vocab_size', largest.vocabularySize);
  const paddingId = root['pad_token_id'] ?? otherwise.paddingId;
  if (!Number.isSafeInteger(paddingId) || Number(paddingId) < 0 || Number(paddingId) >= vocabularySize) {
    throw invalid('has a pad_token_id that is not in the vocabulary');
  }
  const maxPositions = count(root, 'max_position_embeddings', largest.maxPositions);
  const positionOffset = traits.positionsFollowPadding ? Number(paddingId) + 1 : 0;
  if (maxPositions - positionOffset < fewestPositions)
    throw invalid(`leaves a text fewer than ${fewestPositions} positions`);
  const hasTokenTypes = otherwise.typeVocabularySize > 0;
  return {
    family,
    vocabularySize,
    hiddenSize,
    layers: count(root, fields.layers, largest.layers),
    heads,
    intermediateSize: count(root, fields.intermediateSize, largest.intermediateSize),
    maxPositions,
    positionOffset,
    typeVocabularySize: hasTokenTypes
      ? count(root, 'type_vocab_size', largest.typeVocabularySize, otherwise.typeVocabularySize)
      : 0,
    layerNormEpsilon: traits.hasLayerNormEpsilon
      ? fraction(root, 'layer_norm_eps', defaultLayerNormEpsilon)
      : defaultLayerNormEpsilon,
    initializerRange: fraction(root, 'initializer_range', 0.02),
    paddingId: Number(paddingId),
  };
}

/** The most tokens of a text that the model can read, special tokens included. */
export function longestInput(config: Pick<ModelConfig, 'maxPositions' | 'positionOffset'>): number {
  return config.maxPositions - config.positionOffset;
}

/**
 * The config.json of a trained model, as transformers reads it into the family's class for the task.
 *
 * @param labels the names of the outputs in their order; a regression has one output, and a masked language model none.
 */
export function toHuggingFaceConfig(
  config: ModelConfig,
  labels: readonly string[],
  task: ModelTask = 'classification',
): Record<string, unknown> {
  const { className, fields, hasLayerNormEpsilon } = modelFamilies[config.family];
  const problemType = problemTypes[task];
  const outputs = task === 'regression' ? regressionLabels : labels;
  return {
    architectures: [`${className}For${headName(task)}`],
    model_type: config.family,
    ...(problemType === undefined ? {} : { problem_type: problemType }),
    [fields.activation]: 'gelu',
    position_embedding_type: 'absolute',
    vocab_size: config.vocabularySize,
    [fields.hiddenSize]: config.hiddenSize,
    [fields.layers]: config.layers,
    [fields.heads]: config.heads,
    [fields.intermediateSize]: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    ...(config.typeVocabularySize === 0 ? {} : { type_vocab_size: config.typeVocabularySize }),
    ...(hasLayerNormEpsilon ? { layer_norm_eps: config.layerNormEpsilon } : {}),
    initializer_range: config.initializerRange,
    pad_token_id: config.paddingId,
    ...(task === 'maskedLanguage'
      ? {}
      : {
          id2label: Object.fromEntries(outputs.map((label, id) => [String(id), label])),
          label2id: Object.fromEntries(outputs.map((label, id) => [label, id])),
        }),
  };
}

function headName(task: ModelTask): string {
  if (task === 'tokenClassification') return 'TokenClassification';
  return task === 'maskedLanguage' ? 'MaskedLM' : 'SequenceClassification';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('is not JSON');
  }
}

/** A field may be left out, which means the one value that is supported. */
function requireValue(root: JsonObject, field: string, expected: unknown): void {
  const value = root[field] ?? expected;
  if (value !== expected) throw unsupported(field, value, [expected]);
}

/** A value that is nested, however deep, is not written out. */
function described(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'that is no plain value';
  return JSON.stringify(value).slice(0, 60);
}

function count(root: JsonObject, field: string, limit: number, otherwise?: number): number {
  const value = root[field] ?? otherwise;
  if (!Number.isSafeInteger(value) || Number(value) < 1 || Number(value) > limit) {
    throw invalid(`has a ${field} that is not a whole number from 1 to ${limit}`);
  }
  return Number(value);
}

function fraction(root: JsonObject, field: string, otherwise: number): number {
  const value = root[field] ?? otherwise;
  if (typeof value !== 'number' || !(value > 0 && value < 1))
    throw invalid(`has a ${field} that is not between 0 and 1`);
  return value;
}

function invalid(what: string): CodedError {
  return new CodedError('model_invalid', `config.json ${what}.`);
}

function unsupported(field: string, value: unknown, supported: readonly unknown[]): CodedError {
  const expected = supported.map((one) => JSON.stringify(one)).join(', ');
  return new CodedError(
    'not_supported',
    `config.json has ${field} ${described(value ?? null)}; only ${expected} is supported.`,
  );
}
