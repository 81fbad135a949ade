// A packed batch as the inputs of a graph that takes one batch a run: declared, and filled.
import type { Batch } from './batch.ts';
import type { LookupIndices, PackedBatch } from './bert/forward.ts';
import type { GraphBuilder } from './graph/builder.ts';
import type { Tensor } from './graph/tensor.ts';
import type { BertConfig } from './job.ts';
import type { InputValue } from './step-inputs.ts';
import { stepInput } from './step-layout.ts';

/** Names of the inputs beside those of `stepInput`: int64 [1] each. */
const packedSizeInput = { rows: 'rows', width: 'width' } as const;

/** Declares the inputs of a batch. */
export function declareBatch(build: GraphBuilder, config: BertConfig): PackedBatch {
  const vector = (name: string, size: number | string): Tensor => build.input(name, 'int32', [size]);
  const indices = (ids: string, distinct: string, slots: string, rows: number): LookupIndices => ({
    ids: vector(ids, 'rows*width'),
    distinct: vector(distinct, distinct),
    slots: vector(slots, rows),
  });
  const { wordIds, distinctWords, wordSlots, positionIds, distinctPositions, positionSlots } = stepInput;
  const { tokenTypeIds, distinctTokenTypes, tokenTypeSlots, segments, picks, pickSlots } = stepInput;
  return {
    words: indices(wordIds, distinctWords, wordSlots, config.vocabularySize),
    positions: indices(positionIds, distinctPositions, positionSlots, config.maxPositions),
    tokenTypes:
      config.typeVocabularySize === 0
        ? null
        : indices(tokenTypeIds, distinctTokenTypes, tokenTypeSlots, config.typeVocabularySize),
    segments: build.input(segments, 'int32', ['rows', 'width']),
    rows: build.input(packedSizeInput.rows, 'int64', [1]),
    width: build.input(packedSizeInput.width, 'int64', [1]),
    picks: { indices: vector(picks, 'picks'), slots: vector(pickSlots, 'rows*width') },
  };
}

/** The values of the inputs of a batch, by name. */
export function batchInputs(batch: Batch, { typeVocabularySize }: BertConfig): Record<string, InputValue> {
  const { rows, width } = batch.packing;
  const vector = (data: Int32Array): InputValue => ({ type: 'int32', shape: [data.length], data });
  const size = (value: number): InputValue => ({
    type: 'int64',
    shape: [1],
    data: BigInt64Array.of(BigInt(value)),
  });
  return {
    [stepInput.wordIds]: vector(batch.words.ids),
    [stepInput.distinctWords]: vector(batch.words.distinct),
    [stepInput.wordSlots]: vector(batch.words.slots),
    [stepInput.positionIds]: vector(batch.positions.ids),
    [stepInput.distinctPositions]: vector(batch.positions.distinct),
    [stepInput.positionSlots]: vector(batch.positions.slots),
    ...(typeVocabularySize > 0
      ? {
          [stepInput.tokenTypeIds]: vector(batch.tokenTypes.ids),
          [stepInput.distinctTokenTypes]: vector(batch.tokenTypes.distinct),
          [stepInput.tokenTypeSlots]: vector(batch.tokenTypes.slots),
        }
      : {}),
    [stepInput.segments]: { type: 'int32', shape: [rows, width], data: batch.segments },
    [packedSizeInput.rows]: size(rows),
    [packedSizeInput.width]: size(width),
    [stepInput.picks]: vector(batch.picks),
    [stepInput.pickSlots]: vector(batch.pickSlots),
  };
}
