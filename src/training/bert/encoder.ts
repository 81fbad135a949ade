// The encoder of BERT (Devlin et al., arXiv 1810.04805) as Hugging Face computes it, over packed rows: all but attention
// works on the flat list of tokens, and attention does not look beyond the segment of a sequence.
import { elementCount, type Tensor } from '../graph/tensor.ts';
import { architectures, type LayerNames } from './architecture.ts';
import { dense, layerNorm, type Forward, type LookupIndices, type PackedBatch } from './forward.ts';
import { fusedName } from './leaves.ts';

const groups = ['rows', 'width'] as const;

function embeddings(forward: Forward, batch: PackedBatch): Tensor {
  const { build, config, parameter, dropout, wordBlocks } = forward;
  const prefix = architectures[config.family].embeddings;
  const lookup = ({ ids, distinct, slots }: LookupIndices, blocks: readonly Tensor[]): Tensor =>
    build.one('lookup', [ids, distinct, slots, ...blocks], {});
  const words = lookup(batch.words, wordBlocks);
  const positions = lookup(batch.positions, [parameter(`${prefix}.position_embeddings.weight`)]);
  const types =
    batch.tokenTypes === null
      ? words
      : build.add(words, lookup(batch.tokenTypes, [parameter(`${prefix}.token_type_embeddings.weight`)]));
  return dropout(layerNorm(forward, `${prefix}.LayerNorm`, build.add(types, positions)));
}

/**
 * [rows * width, 3 * hidden] to query, key and value, each [rows, heads, width, hidden / heads].
 * @param order of the rows of all heads, and its reverse.
 */
function splitHeads(
  { build, config }: Forward,
  batch: PackedBatch,
  order: readonly Tensor[],
  x: Tensor,
): readonly Tensor[] {
  const { heads, hiddenSize } = config;
  const size = hiddenSize / heads;
  const pieces = build.one('regroup', [x], {
    shape: [elementCount([...groups, 3, heads]), size],
    symbols: [],
  });
  const ordered = build.one(
    'regroup',
    [build.one('permuteRows', [pieces, ...order], {}), batch.rows, batch.width],
    {
      shape: [3, 'rows', heads, 'width', size],
      symbols: groups,
    },
  );
  return build.apply('split', [ordered], { axis: 0, sizes: [1, 1, 1] }).map((part) =>
    build.one('regroup', [part, batch.rows, batch.width], {
      shape: ['rows', heads, 'width', size],
      symbols: groups,
    }),
  );
}

/** What attention needs of a batch, the same in every layer. */
interface AttentionFrame {
  readonly batch: PackedBatch;
  /** Added to the scores: keeps segments apart. */
  readonly bias: Tensor;
  readonly headOrder: readonly Tensor[];
}

function attention(forward: Forward, frame: AttentionFrame, names: LayerNames, x: Tensor): Tensor {
  const { build, config, dropout } = forward;
  const { batch, bias, headOrder } = frame;
  const { heads, hiddenSize } = config;
  const [query, key, value] = splitHeads(forward, batch, headOrder, dense(forward, fusedName(names), x));
  if (query === undefined || key === undefined || value === undefined) throw new Error('A split failed.');
  const alpha = 1 / Math.sqrt(hiddenSize / heads);
  const scores = build.add(build.matmul(query, key, { transposeB: true, alpha }), bias);
  const weights = dropout(build.one('softmax', [scores], {}));
  const perHead = build.matmul(weights, value);
  const joined = build.one('transpose', [perHead], { permutation: [0, 2, 1, 3] });
  return build.one('regroup', [joined, batch.rows, batch.width], {
    shape: ['rows*width', hiddenSize],
    symbols: groups,
  });
}

/**
 * One layer. Of the last layer only what the head reads is computed behind attention: the other tokens would have no
 * gradient there, so nothing changes but the work.
 * @param keep picks the tokens that are read, or keeps all.
 */
function encoderLayer(
  forward: Forward,
  frame: AttentionFrame,
  index: number,
  { x, keep }: { readonly x: Tensor; readonly keep: (all: Tensor) => Tensor },
): Tensor {
  const { build, config, dropout } = forward;
  const architecture = architectures[config.family];
  const names = architecture.layer(index);
  const context = keep(attention(forward, frame, names, x));
  const attended = dense(forward, names.attentionOutput, context);
  const kept = architecture.dropsAttentionOutput ? dropout(attended) : attended;
  const middle = layerNorm(forward, names.attentionNorm, build.add(kept, keep(x)));
  const wide = build.one('gelu', [dense(forward, names.wide, middle)], {});
  const narrow = dense(forward, names.narrow, wide);
  return layerNorm(forward, names.outputNorm, build.add(dropout(narrow), middle));
}

/**
 * The hidden states of a batch after the last layer: of the tokens that the head reads, [picks, hidden], or of all for token
 * classification, [rows * width, hidden], where those of padding mean nothing.
 */
export function encode(forward: Forward, batch: PackedBatch): Tensor {
  const { build, config, head } = forward;
  const { heads } = config;
  const frame: AttentionFrame = {
    batch,
    bias: build.one('segmentBias', [batch.segments], {}),
    headOrder: build.apply('headOrder', [batch.rows, batch.width], { symbols: groups, parts: 3, heads }),
  };
  const all = (x: Tensor): Tensor => x;
  const picked = (x: Tensor): Tensor =>
    build.one('pickRows', [x, batch.picks.indices, batch.picks.slots], {});
  let x = embeddings(forward, batch);
  for (let index = 0; index < config.layers; index++) {
    const isLast = index === config.layers - 1;
    const keep = isLast && head.task !== 'tokenClassification' ? picked : all;
    x = encoderLayer(forward, frame, index, { x, keep });
  }
  return x;
}
