// Writes the encoder for inference in onnxruntime's fused operators: exact up to the rounding of float32.
import { architectures, type LayerNames } from '../bert/architecture.ts';
import type { BertConfig } from '../job.ts';
import type { GraphWriter } from './graph-writer.ts';
import { inferenceInput, readsTokenTypes, type InferencePrecision } from './inference-model.ts';
import { bias, product, type LinearLayers } from './linear.ts';
import type { SourceTensors } from './weight.ts';

export interface EncoderContext {
  readonly write: GraphWriter;
  readonly config: BertConfig;
  readonly precision: InferencePrecision;
  readonly tensors: SourceTensors;
}

/** Which tokens the head reads. Of the last layer nothing else is computed but the keys and values of all. */
type TokensRead = 'all' | 'first';

function normalization({ write, config, tensors }: EncoderContext, name: string): string[] {
  return ['weight', 'bias'].map((part) => {
    const { shape, data } = tensors.require(`${name}.${part}`, [config.hiddenSize]);
    return write.weight(`${name}.${part}`, shape, data);
  });
}

/** Sum of the embeddings and LayerNorm. @returns the name of float32 [batch, length, hidden] */
function embeddings(context: EncoderContext): string {
  const { write, config, tensors } = context;
  const { hiddenSize, positionOffset } = config;
  const prefix = architectures[config.family].embeddings;
  const table = (name: string, rows: number): Float32Array =>
    tensors.require(`${prefix}.${name}_embeddings.weight`, [rows, hiddenSize]).data;
  const weight = (name: string, data: Float32Array): string =>
    write.weight(`${prefix}.${name}_embeddings.weight`, [data.length / hiddenSize, hiddenSize], data);
  const int32 = (input: string): string => write.node('Cast', [input], { to: { elementType: 'int32' } });
  const positions = table('position', config.maxPositions).slice(positionOffset * hiddenSize);
  if (config.typeVocabularySize === 1) {
    // Every token is of the one type, which is added to the positions here instead of in each run.
    const type = table('token_type', config.typeVocabularySize);
    positions.forEach((value, place) => (positions[place] = value + (type[place % hiddenSize] ?? 0)));
  }
  const typed = readsTokenTypes(config);
  return write.node(
    'EmbedLayerNormalization',
    [
      int32(inferenceInput.tokenIds),
      typed ? int32(inferenceInput.tokenTypes) : '',
      weight('word', table('word', config.vocabularySize)),
      weight('position', positions),
      typed ? weight('token_type', table('token_type', config.typeVocabularySize)) : '',
      ...normalization(context, `${prefix}.LayerNorm`),
    ],
    { epsilon: { float: config.layerNormEpsilon } },
    ['lengths_not_computed'],
  );
}

interface Sublayer {
  readonly linear: LinearLayers;
  readonly norm: string;
}

/** LayerNorm(linear(x) + skip). */
function closeSublayer(context: EncoderContext, { linear, norm }: Sublayer, x: string, skip: string): string {
  const { write, config, precision } = context;
  const weights = [...normalization(context, norm), bias(context, linear)];
  return write.node('SkipLayerNormalization', [product(context, x, linear, precision), skip, ...weights], {
    epsilon: { float: config.layerNormEpsilon },
  });
}

/** [batch, length, hidden] to [batch, 1, hidden]. */
function firstToken(write: GraphWriter, x: string): string {
  return write.node('Slice', [x, write.integers([0]), write.integers([1]), write.integers([1])]);
}

interface LayerInput {
  /** float32 [batch, length, hidden]: what keys and values are made of. */
  readonly all: string;
  /** float32 [batch, length or 1, hidden]: what asks, and goes on. */
  readonly asking: string;
  /** int32 [batch, length]. */
  readonly mask: string;
}

function attention(context: EncoderContext, names: LayerNames, { all, asking, mask }: LayerInput): string {
  const { write, config, precision } = context;
  const square = { inputs: config.hiddenSize, outputs: config.hiddenSize };
  const project = (x: string, parts: readonly string[]): string[] =>
    write.split(product(context, x, { names: parts, ...square }, precision), parts.length);
  const projected =
    all === asking
      ? project(all, [names.query, names.key, names.value])
      : [...project(asking, [names.query]), ...project(all, [names.key, names.value])];
  const biases = bias(context, { names: [names.query, names.key, names.value], ...square });
  return write.node('MultiHeadAttention', [...projected, biases, mask], { num_heads: config.heads });
}

function layer(context: EncoderContext, index: number, input: LayerInput): string {
  const { write, config, precision } = context;
  const { hiddenSize, intermediateSize } = config;
  const names = architectures[config.family].layer(index);
  const output = {
    linear: { names: [names.attentionOutput], inputs: hiddenSize, outputs: hiddenSize },
    norm: names.attentionNorm,
  };
  const widening = { names: [names.wide], inputs: hiddenSize, outputs: intermediateSize };
  const narrowing = {
    linear: { names: [names.narrow], inputs: intermediateSize, outputs: hiddenSize },
    norm: names.outputNorm,
  };
  const middle = closeSublayer(context, output, attention(context, names, input), input.asking);
  const wide = [product(context, middle, widening, precision), bias(context, widening)];
  return closeSublayer(context, narrowing, write.node('BiasGelu', wide), middle);
}

/**
 * Writes the encoder: the hidden states after its last layer.
 * @returns the name of float32 [batch, length, hidden], or [batch, 1, hidden] where only the first token is read
 */
export function fusedEncoder(context: EncoderContext, read: TokensRead): string {
  const { write, config } = context;
  const mask = write.node('Cast', [inferenceInput.attentionMask], { to: { elementType: 'int32' } });
  let hidden = embeddings(context);
  for (let index = 0; index < config.layers; index++) {
    const last = read === 'first' && index === config.layers - 1;
    hidden = layer(context, index, { all: hidden, asking: last ? firstToken(write, hidden) : hidden, mask });
  }
  return hidden;
}
