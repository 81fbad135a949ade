// What every part of a forward pass works with: the builder, the parameters, dropout, and the tensors of a packed batch.
import type { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { BertConfig, ModelHead } from '../job.ts';

/** Indices into a table, with what the gradient of a lookup needs. All int32. */
export interface LookupIndices {
  /** [rows * width]. */
  readonly ids: Tensor;
  /** Each id that occurs, once. */
  readonly distinct: Tensor;
  /** [rows of the table]: the place among the distinct ids, or their number. */
  readonly slots: Tensor;
}

/** The tensors of one batch, its sequences packed into `rows` rows of `width` tokens. */
export interface PackedBatch {
  readonly words: LookupIndices;
  readonly positions: LookupIndices;
  /** null where the model has no table of token types. */
  readonly tokenTypes: LookupIndices | null;
  /** int32 [rows, width]: equal within a sequence, different between two of a row. */
  readonly segments: Tensor;
  /** int64 [1] each. */
  readonly rows: Tensor;
  readonly width: Tensor;
  /** The tokens that the head reads: the first of each sequence, or those that are masked. */
  readonly picks: { readonly indices: Tensor; readonly slots: Tensor };
}

/** Applies dropout at a site, or does nothing. Sites are numbered in the order of the forward pass. */
export type Dropout = (x: Tensor) => Tensor;

export interface Forward {
  readonly build: GraphBuilder;
  readonly config: BertConfig;
  readonly head: ModelHead;
  /** By name; those of a layer's query, key and value lie together, see leaves.ts. */
  readonly parameter: (name: string) => Tensor;
  /** The blocks of the table of word embeddings. */
  readonly wordBlocks: readonly Tensor[];
  /** The whole table, for a head that is tied to it. */
  readonly wordTable: () => Tensor;
  readonly dropout: Dropout;
  /** What an adapter adds to the output of a dense module, or null. */
  readonly adapter: ((name: string, x: Tensor) => Tensor | null) | null;
}

/** x wᵀ + b, and what an adapter adds: x [n, in] to [n, out]. */
export function dense({ build, parameter, adapter }: Forward, name: string, x: Tensor): Tensor {
  const y = build.one('linear', [x, parameter(`${name}.weight`), parameter(`${name}.bias`)], {});
  const added = adapter === null ? null : adapter(name, x);
  return added === null ? y : build.add(y, added);
}

/** Layer normalization (Ba et al., arXiv 1607.06450) over the last axis: x [n, hidden] to the same shape. */
export function layerNorm({ build, config, parameter }: Forward, name: string, x: Tensor): Tensor {
  return build.one('layerNormalization', [x, parameter(`${name}.weight`), parameter(`${name}.bias`)], {
    epsilon: config.layerNormEpsilon,
  });
}
