// Texts of a request as a model reads them.
import { wordsOf } from '../../src/dataset/label-cell.ts';
import type { SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import { CodedError } from '../../src/error.ts';
import type { PredictionTexts } from '../../src/experiment/prediction.ts';
import type { Example } from '../../src/text/example-table.ts';
import type { Tokenizer } from '../../src/text/tokenizer.ts';

/** A text as the model reads it, and its words where they are what is labelled. */
export interface EncodedText {
  readonly example: Example;
  readonly words: readonly string[];
  /** For each token the place of its word, -1 for special tokens. */
  readonly wordOf: ArrayLike<number>;
}

/**
 * @param length most tokens of a text, special tokens included; what is longer is cut.
 * @throws CodedError `invalid_request` for pairs where the model reads single texts, and the other way round.
 */
export function encodeTexts(
  input: PredictionTexts,
  { task, columns }: Pick<SnapshotManifest, 'task' | 'columns'>,
  tokenizer: Tokenizer,
  length: number,
): EncodedText[] {
  const takesPairs = columns.textPair !== null;
  if ('pairs' in input !== takesPairs)
    throw new CodedError(
      'invalid_request',
      `The model was trained on ${takesPairs ? 'pairs: send pairs' : 'single texts: send texts'}.`,
    );
  if ('pairs' in input)
    return input.pairs.map(([first, second]) => {
      const { tokenIds, tokenTypeIds } = tokenizer.encodePair(first, second, length);
      const types = Array.from(tokenTypeIds);
      const start = types.indexOf(1);
      return whole(Int32Array.from(tokenIds), start === -1 ? types.length : start);
    });
  return input.texts.map((text) => {
    if (task === 'tokenClassification') return inWords(wordsOf(text) ?? [], tokenizer, length);
    const tokenIds = Int32Array.from(tokenizer.encode(text, length));
    return whole(tokenIds, tokenIds.length);
  });
}

function whole(tokenIds: Int32Array, secondStart: number): EncodedText {
  return { example: { tokenIds, secondStart, targets: new Int32Array(0) }, words: [], wordOf: [] };
}

function inWords(words: readonly string[], tokenizer: Tokenizer, length: number): EncodedText {
  const { tokenIds, wordOf } = tokenizer.encodeWords(words, length);
  const ids = Int32Array.from(tokenIds);
  return { ...whole(ids, ids.length), words, wordOf };
}
