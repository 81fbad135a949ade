// Which examples run together: those of like length, so that little is computed for padding.
import { CodedError } from '../../error.ts';
import type { BertConfig } from '../job.ts';
import type { ExampleLengths } from '../logit-rows.ts';
import { longestFirst } from '../longest-first.ts';
import type { InferenceBatch } from '../runtime/inference-messages.ts';

/** What inference reads of examples; a table of examples is one. */
export interface InferenceExamples extends ExampleLengths {
  read(index: number): {
    /** Special tokens included. */
    readonly tokenIds: Int32Array;
    /** Where the tokens of the second text begin; the number of tokens when there is one text only. */
    readonly secondStart: number;
  };
}

/** What a model can take. */
export interface ModelLimits {
  readonly vocabularySize: number;
  /** Tokens of an example. */
  readonly maxPositions: number;
}

/** The limits that a configuration sets; RoBERTa's first positions are no token's. */
export function modelLimits({
  vocabularySize,
  maxPositions,
  positionOffset,
}: Pick<BertConfig, 'vocabularySize' | 'maxPositions' | 'positionOffset'>): ModelLimits {
  return { vocabularySize, maxPositions: maxPositions - positionOffset };
}

/**
 * Tokens that one batch holds at most, padding included, unless its one example is longer. Enough for the matrix products
 * to be fast, and so few that their results stay in a processor's second-level cache.
 */
export const batchTokens = 512;

/** Divides the examples into batches: the indices of each, a longest example first. */
export function planBatches(examples: InferenceExamples): Int32Array[] {
  const order = longestFirst(
    Int32Array.from({ length: examples.count }, (_, index) => examples.lengthOf(index)),
  );
  const batches: Int32Array[] = [];
  for (let start = 0; start < order.length;) {
    const longest = Math.max(1, examples.lengthOf(order[start] ?? 0));
    const size = Math.max(1, Math.floor(batchTokens / longest));
    batches.push(order.subarray(start, start + size));
    start += size;
  }
  return batches;
}

/**
 * Lays examples out side by side, padded to the longest.
 * @param indices of the examples, one at least.
 * @throws CodedError `sequence_too_long` or `model_incompatible` naming an example that the model cannot take
 */
export function collectBatch(
  examples: InferenceExamples,
  indices: Int32Array,
  limits: ModelLimits,
): InferenceBatch {
  const size = indices.length;
  const length = indices.reduce((longest, index) => Math.max(longest, examples.lengthOf(index)), 0);
  const tokenIds = new BigInt64Array(size * length);
  const attentionMask = new BigInt64Array(size * length);
  const tokenTypes = new BigInt64Array(size * length);
  indices.forEach((index, row) => {
    const example = examples.read(index);
    checkExample(example.tokenIds, index, limits);
    const from = row * length;
    example.tokenIds.forEach((id, place) => (tokenIds[from + place] = BigInt(id)));
    attentionMask.fill(1n, from, from + example.tokenIds.length);
    tokenTypes.fill(1n, from + example.secondStart, from + example.tokenIds.length);
  });
  return { size, length, tokenIds, attentionMask, tokenTypes };
}

function checkExample(
  tokenIds: Int32Array,
  index: number,
  { vocabularySize, maxPositions }: ModelLimits,
): void {
  if (tokenIds.length > maxPositions)
    throw new CodedError(
      'sequence_too_long',
      `Example ${index} has ${tokenIds.length} tokens; the model has ${maxPositions} positions.`,
    );
  const unknown = tokenIds.find((id) => id < 0 || id >= vocabularySize);
  if (unknown !== undefined)
    throw new CodedError(
      'model_incompatible',
      `Example ${index} has token id ${unknown}; the vocabulary has ${vocabularySize} entries.`,
    );
}
