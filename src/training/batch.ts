// One batch of token ids, padded to its longest example.
import { CodedError } from '../error.ts';
import { exampleCount, type EncodedExamples } from '../text/encoded-examples.ts';
import type { BertConfig } from './job.ts';

/** Added to the score of a key that is padding: exp of anything near it is exactly 0 in float32. */
const maskedKeyBias = -1e9;

export interface Batch {
  readonly size: number;
  /** Tokens of the longest example. */
  readonly length: number;
  /** Real tokens. */
  readonly tokens: number;
  /** `[size, length]`, 0 where there is no token. */
  readonly tokenIds: Int32Array;
  /** `[size, length]`. */
  readonly tokenTypes: Int32Array;
  /** `[size, length]`: 0 for a token, `maskedKeyBias` for padding. */
  readonly keyBias: Float32Array;
  /** `[size]`. */
  readonly labels: Int32Array;
}

/** The number of tokens of one example. */
export function lengthOf(examples: EncodedExamples, index: number): number {
  return (examples.offsets[index + 1] ?? 0) - (examples.offsets[index] ?? 0);
}

/**
 * Checks that a model can take all examples.
 * @throws CodedError `sequence_too_long` or `model_incompatible` naming the first example that it cannot take
 */
export function checkExamples(examples: EncodedExamples, config: BertConfig): void {
  for (let index = 0; index < exampleCount(examples); index++)
    if (lengthOf(examples, index) > config.maxPositions)
      throw new CodedError(
        'sequence_too_long',
        `Example ${index} has ${lengthOf(examples, index)} tokens; the model has ${config.maxPositions} positions.`,
      );
  const place = examples.tokenIds.findIndex((id) => id < 0 || id >= config.vocabularySize);
  if (place === -1) return;
  const index = examples.offsets.findIndex((offset) => offset > place) - 1;
  throw new CodedError(
    'model_incompatible',
    `Example ${index} has token id ${examples.tokenIds[place] ?? 0}; the vocabulary has ${config.vocabularySize} entries.`,
  );
}

/** Collects examples by index into a batch. */
export function collectBatch(examples: EncodedExamples, labels: Int32Array, indices: Int32Array): Batch {
  const size = indices.length;
  const length = indices.reduce((longest, index) => Math.max(longest, lengthOf(examples, index)), 0);
  const tokenIds = new Int32Array(size * length);
  const keyBias = new Float32Array(size * length).fill(maskedKeyBias);
  let tokens = 0;
  indices.forEach((index, row) => {
    const ids = examples.tokenIds.subarray(examples.offsets[index], examples.offsets[index + 1]);
    tokenIds.set(ids, row * length);
    keyBias.fill(0, row * length, row * length + ids.length);
    tokens += ids.length;
  });
  return {
    size,
    length,
    tokens,
    tokenIds,
    tokenTypes: new Int32Array(size * length),
    keyBias,
    labels: Int32Array.from(indices, (index) => labels[index] ?? 0),
  };
}
