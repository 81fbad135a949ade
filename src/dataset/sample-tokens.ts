// The tokens of sampled rows: how many a row has, and how many different ones there are.
import { WordPieceLearner } from '../text/learn-word-piece.ts';
import { createTokenizer, type Tokenizer } from '../text/tokenizer.ts';
import type { UsableRow } from './column-mapping.ts';

/** The lengths of sampled rows and the ids in them. */
export interface TokenSample {
  readonly rows: number;
  /** Tokens of each row as it is cut, ascending. */
  readonly lengths: readonly number[];
  /** The share of rows that are longer than the maximum. */
  readonly cutShare: number;
  /** Different ids among the first half of the rows, and among all. */
  readonly distinctInHalf: number;
  readonly distinct: number;
}

/** The tokenizer of an uploaded model, or one that is learned from the sample as it will be from the split. */
export async function sampleTokenizer(
  tokenizerJson: string | undefined,
  rows: readonly UsableRow[],
  vocabularySize: number,
): Promise<Tokenizer> {
  if (tokenizerJson !== undefined) return createTokenizer(tokenizerJson);
  const learner = new WordPieceLearner();
  for (const { text, textPair } of rows) {
    learner.add(text);
    if (textPair !== undefined) learner.add(textPair);
  }
  return createTokenizer(await learner.finish({ vocabularySize }));
}

/** One token more than the maximum tells that a row is cut. */
function tokensOf(
  tokenizer: Tokenizer,
  { text, textPair, words }: UsableRow,
  most: number,
): readonly number[] {
  if (words !== undefined) return tokenizer.encodeWords(words, most).tokenIds;
  if (textPair !== undefined) return tokenizer.encodePair(text, textPair, most).tokenIds;
  return tokenizer.encode(text, most);
}

/** @param maximumLength tokens of a row, special tokens included; longer rows are cut. */
export function sampleTokens(
  tokenizer: Tokenizer,
  rows: readonly UsableRow[],
  maximumLength: number,
): TokenSample {
  const ids = new Set<number>();
  const lengths: number[] = [];
  let [cut, distinctInHalf] = [0, 0];
  rows.forEach((row, place) => {
    if (place === Math.floor(rows.length / 2)) distinctInHalf = ids.size;
    const all = tokensOf(tokenizer, row, maximumLength + 1);
    const length = Math.min(all.length, maximumLength);
    if (all.length > maximumLength) cut += 1;
    for (const id of all.slice(0, length)) ids.add(id);
    lengths.push(length);
  });
  return {
    rows: rows.length,
    lengths: lengths.sort((one, other) => one - other),
    cutShare: cut / Math.max(1, rows.length),
    distinctInHalf,
    distinct: ids.size,
  };
}
