// The config.json of a Hugging Face BERT model: which of them can be trained here, and how one is written.
import { CodedError } from '../error.ts';

/** What the shape and the arithmetic of a BERT encoder depend on. Lengths are counts of elements. */
export interface ModelConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly typeVocabularySize: number;
  readonly layerNormEpsilon: number;
  /** Standard deviation of newly drawn weights. */
  readonly initializerRange: number;
  readonly paddingId: number;
}

const largest = {
  vocabularySize: 1_000_000,
  hiddenSize: 4096,
  layers: 48,
  heads: 4096,
  intermediateSize: 65_536,
  maxPositions: 8192,
  typeVocabularySize: 16,
} as const;

/**
 * Reads a config.json.
 *
 * @throws CodedError `model_invalid` for what is no configuration, `not_supported` for another model than BERT or for an
 *   activation or position embedding that is not BERT's own.
 */
export function readModelConfig(json: unknown): ModelConfig {
  const root = typeof json === 'string' ? parse(json) : json;
  if (!isObject(root)) throw invalid('is not a JSON object');
  requireValue(root, 'model_type', 'bert');
  requireValue(root, 'hidden_act', 'gelu', 'gelu');
  requireValue(root, 'position_embedding_type', 'absolute', 'absolute');
  requireValue(root, 'is_decoder', false, false);
  const hiddenSize = count(root, 'hidden_size', largest.hiddenSize);
  const heads = count(root, 'num_attention_heads', largest.heads);
  if (hiddenSize % heads !== 0) throw invalid(`has a hidden_size that ${heads} heads do not divide`);
  const vocabularySize = count(root, 'vocab_size', largest.vocabularySize);
  const paddingId = root['pad_token_id'] ?? 0;
  if (!Number.isSafeInteger(paddingId) || Number(paddingId) < 0 || Number(paddingId) >= vocabularySize) {
    throw invalid('has a pad_token_id that is not in the vocabulary');
  }
  return {
    vocabularySize,
    hiddenSize,
    layers: count(root, 'num_hidden_layers', largest.layers),
    heads,
    intermediateSize: count(root, 'intermediate_size', largest.intermediateSize),
    maxPositions: count(root, 'max_position_embeddings', largest.maxPositions),
    typeVocabularySize: count(root, 'type_vocab_size', largest.typeVocabularySize, 2),
    layerNormEpsilon: fraction(root, 'layer_norm_eps', 1e-12),
    initializerRange: fraction(root, 'initializer_range', 0.02),
    paddingId: Number(paddingId),
  };
}

/** The config.json of a trained classifier, as `BertForSequenceClassification` of transformers reads it. */
export function toHuggingFaceConfig(config: ModelConfig, labels: readonly string[]): Record<string, unknown> {
  return {
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    problem_type: 'single_label_classification',
    hidden_act: 'gelu',
    position_embedding_type: 'absolute',
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.typeVocabularySize,
    layer_norm_eps: config.layerNormEpsilon,
    initializer_range: config.initializerRange,
    pad_token_id: config.paddingId,
    id2label: Object.fromEntries(labels.map((label, id) => [String(id), label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('is not JSON');
  }
}

function requireValue(root: JsonObject, field: string, expected: unknown, otherwise?: unknown): void {
  const value = root[field] ?? otherwise;
  if (value === expected) return;
  throw new CodedError(
    'not_supported',
    `config.json has ${field} ${described(value ?? null)}; only ${JSON.stringify(expected)} is supported.`,
  );
}

/** What is nested, however deep, is not written out. */
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

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(what: string): CodedError {
  return new CodedError('model_invalid', `config.json ${what}.`);
}
