// The forward pass of BERT for classification (Devlin et al., arXiv 1810.04805), as Hugging Face computes it.
import { first, type GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { BertConfig } from '../job.ts';
import { layerPrefix } from './parameters.ts';

/** The tensors of one batch. Symbolic axes are `batch` and `length`. */
export interface BatchTensors {
  /** int32 [batch, length]. */
  readonly tokenIds: Tensor;
  /** int32 [batch, length]. */
  readonly tokenTypes: Tensor;
  /** int32 [length]: 0, 1, 2, ... */
  readonly positions: Tensor;
  /** float32 [batch, 1, 1, length], added to attention scores: 0, or so low that the weight becomes exactly 0. */
  readonly keyBias: Tensor;
}

/** Applies dropout at a site, or does nothing. Sites are numbered in the order of the forward pass. */
export type Dropout = (x: Tensor) => Tensor;

export type ParameterLookup = (name: string) => Tensor;

interface Context {
  readonly build: GraphBuilder;
  readonly config: BertConfig;
  readonly parameter: ParameterLookup;
  readonly dropout: Dropout;
}

function dense({ build, parameter }: Context, name: string, x: Tensor): Tensor {
  const product = build.matmul(x, parameter(`${name}.weight`), { transposeB: true });
  return build.add(product, parameter(`${name}.bias`));
}

function layerNorm({ build, config, parameter }: Context, name: string, x: Tensor): Tensor {
  return build.one('layerNormalization', [x, parameter(`${name}.weight`), parameter(`${name}.bias`)], {
    epsilon: config.layerNormEpsilon,
  });
}

function embeddings(context: Context, batch: BatchTensors): Tensor {
  const { build, parameter, dropout } = context;
  const lookup = (table: string, indices: Tensor): Tensor =>
    build.one('gather', [parameter(`bert.embeddings.${table}.weight`), indices], {});
  const sum = build.add(
    build.add(lookup('word_embeddings', batch.tokenIds), lookup('token_type_embeddings', batch.tokenTypes)),
    lookup('position_embeddings', batch.positions),
  );
  return dropout(layerNorm(context, 'bert.embeddings.LayerNorm', sum));
}

/** [batch, length, hidden] to [batch, heads, length, hidden / heads]. */
function splitHeads({ build, config }: Context, x: Tensor): Tensor {
  const headSize = config.hiddenSize / config.heads;
  const split = build.reshape(x, ['batch', 'length', config.heads, headSize]);
  return build.one('transpose', [split], { permutation: [0, 2, 1, 3] });
}

function attention(context: Context, prefix: string, x: Tensor, keyBias: Tensor): Tensor {
  const { build, config, dropout } = context;
  const project = (name: string): Tensor =>
    splitHeads(context, dense(context, `${prefix}.attention.self.${name}`, x));
  const alpha = 1 / Math.sqrt(config.hiddenSize / config.heads);
  const scores = build.matmul(project('query'), project('key'), { transposeB: true, alpha });
  const weights = dropout(build.one('softmax', [build.add(scores, keyBias)], {}));
  const perHead = build.matmul(weights, project('value'));
  const joined = build.one('transpose', [perHead], { permutation: [0, 2, 1, 3] });
  return build.reshape(joined, ['batch', 'length', config.hiddenSize]);
}

function encoderLayer(context: Context, prefix: string, x: Tensor, keyBias: Tensor): Tensor {
  const { build, dropout } = context;
  const attended = dense(context, `${prefix}.attention.output.dense`, attention(context, prefix, x, keyBias));
  const middle = layerNorm(context, `${prefix}.attention.output.LayerNorm`, build.add(dropout(attended), x));
  const wide = build.one('gelu', [dense(context, `${prefix}.intermediate.dense`, middle)], {});
  const narrow = dense(context, `${prefix}.output.dense`, wide);
  return layerNorm(context, `${prefix}.output.LayerNorm`, build.add(dropout(narrow), middle));
}

/**
 * The logits of a batch.
 * @param parameter - finds a parameter by its Hugging Face name
 * @param dropout - called once a site: embeddings; in each layer attention weights, attention output, feed-forward
 * output; pooled output
 * @returns float32 [batch, labels]
 */
export function bertLogits(
  build: GraphBuilder,
  config: BertConfig,
  parameter: ParameterLookup,
  batch: BatchTensors,
  dropout: Dropout,
): Tensor {
  const context = { build, config, parameter, dropout };
  let hidden = embeddings(context, batch);
  for (let layer = 0; layer < config.layers; layer++)
    hidden = encoderLayer(context, layerPrefix(layer), hidden, batch.keyBias);
  const summary = build.one('takeFirst', [hidden], {});
  const pooled = build.one('tanh', [dense(context, 'bert.pooler.dense', summary)], {});
  return dense(context, 'classifier', dropout(pooled));
}

/** The cross-entropy of each example, float32 [batch]. */
export function classificationLosses(build: GraphBuilder, logits: Tensor, labels: Tensor): Tensor {
  return first(build.apply('softmaxCrossEntropy', [logits, labels], {}));
}
