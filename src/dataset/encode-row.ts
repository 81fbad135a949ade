// From a row of a dataset to the example that a model reads: tokens, and what is to be predicted.
import type { DatasetTask } from '../experiment/spec.ts';
import { noTarget, type Example, type TargetKind } from '../text/example-table.ts';
import type { UsableRow } from './column-mapping.ts';
import type { LabelScheme } from './labels.ts';

export const targetKinds: Readonly<Record<DatasetTask, TargetKind>> = {
  classification: 'class',
  regression: 'value',
  multiLabel: 'labels',
  tokenClassification: 'tokenClasses',
};

/** What is needed of a tokenizer. Lengths are in tokens, special ones included; longer texts are cut. */
export interface RowTokenizer {
  encode(text: string, maximumLength: number): ArrayLike<number>;
  encodePair(
    first: string,
    second: string,
    maximumLength: number,
  ): { readonly tokenIds: ArrayLike<number>; readonly tokenTypeIds: ArrayLike<number> };
  /** `wordOf`: for each token the place of its word, -1 for special tokens. */
  encodeWords(
    words: readonly string[],
    maximumLength: number,
  ): { readonly tokenIds: ArrayLike<number>; readonly wordOf: ArrayLike<number> };
}

export interface EncodedRow {
  /** As it is stored: without the words of which the tokenizer leaves nothing, and without their labels. */
  readonly row: UsableRow;
  readonly example: Example;
}

/**
 * @param maximumLength tokens of an example, special tokens included.
 * @returns for a row what becomes of it, `undefined` where every word is one of which the tokenizer leaves nothing.
 */
export function rowEncoder(
  { task, names }: LabelScheme,
  tokenizer: RowTokenizer,
  maximumLength: number,
): (row: UsableRow) => EncodedRow | undefined {
  const classes = new Map(names.map((name, index) => [name, index]));
  const classOf = (label: string | undefined): number => classes.get(label ?? '') ?? noTarget;
  const targetsOf = (labels: readonly string[]): Int32Array => {
    if (task === 'classification') return Int32Array.of(classOf(labels[0]));
    // Rows are stored as JSON, which has no negative zero.
    if (task === 'regression') return float32Words(Float32Array.of(Number(labels[0]) + 0));
    const chosen = new Float32Array(names.length);
    for (const label of labels) chosen[classOf(label)] = 1;
    return float32Words(chosen);
  };
  const exampleOf = ({ text, textPair, labels }: UsableRow): Example => {
    const targets = targetsOf(labels);
    if (textPair === undefined) {
      const tokenIds = Int32Array.from(tokenizer.encode(text, maximumLength));
      return { tokenIds, secondStart: tokenIds.length, targets };
    }
    const { tokenIds, tokenTypeIds } = tokenizer.encodePair(text, textPair, maximumLength);
    const second = Array.prototype.indexOf.call(tokenTypeIds, 1);
    return {
      tokenIds: Int32Array.from(tokenIds),
      // A model that does not tell the texts apart has no token of the second type.
      secondStart: second === -1 ? tokenIds.length : second,
      targets,
    };
  };
  return (row) => {
    const { words, labels } = row;
    if (words === undefined) return { row, example: exampleOf(row) };
    const { tokenIds, wordOf } = tokenizer.encodeWords(words, maximumLength);
    const targets = wordTargets(wordOf, (word) => classOf(labels[word]));
    const example = { tokenIds: Int32Array.from(tokenIds), secondStart: tokenIds.length, targets };
    const kept = keptWords(words.length, wordOf, tokenIds.length === maximumLength);
    return kept.length === 0 ? undefined : { row: withWords(row, kept), example };
  };
}

/** The words that have tokens, and those that the maximal length may have cut off. */
function keptWords(count: number, wordOf: ArrayLike<number>, isFull: boolean): readonly number[] {
  const seen = new Set(Array.from(wordOf));
  const last = isFull ? Math.max(...seen) : count;
  return Array.from({ length: count }, (_, word) => word).filter((word) => seen.has(word) || word > last);
}

function withWords(row: UsableRow, kept: readonly number[]): UsableRow {
  const { words = [], labels } = row;
  if (kept.length === words.length) return row;
  const pick = (list: readonly string[]): readonly string[] => kept.map((word) => list[word] ?? '');
  const left = pick(words);
  return { ...row, text: left.join(' '), words: left, labels: pick(labels) };
}

/** The first token of each word carries the word's label (arXiv:1810.04805, 5.3). */
function wordTargets(wordOf: ArrayLike<number>, classOf: (word: number) => number): Int32Array {
  return Int32Array.from(wordOf, (word, place) =>
    word >= 0 && word !== wordOf[place - 1] ? classOf(word) : noTarget,
  );
}

function float32Words(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer);
}
