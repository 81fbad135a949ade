// Byte-level BPE: a word becomes its bytes, and neighbours are merged into longer tokens.
import { MergeTable, mergeNeighbours } from './merge-neighbours.ts';

export interface ByteLevelModel {
  /** The token of each byte; a byte without one is left out of the text. */
  readonly byteIds: readonly (number | undefined)[];
  /** Two tokens that become one where they stand side by side; what comes first is done first. */
  readonly merges: readonly { readonly left: number; readonly right: number; readonly merged: number }[];
}

/** Words whose tokens are remembered, and the longest of them, which bound the memory of a tokenizer. */
const rememberedWords = 50_000;
const longestRememberedCharacters = 100;

/** Spells words with one vocabulary. */
export class ByteLevelWords {
  readonly #byteIds: readonly (number | undefined)[];
  readonly #merges: MergeTable;
  readonly #remembered = new Map<string, readonly number[]>();
  readonly #utf8 = new TextEncoder();

  constructor({ byteIds, merges }: ByteLevelModel) {
    this.#byteIds = byteIds;
    this.#merges = new MergeTable(merges);
  }

  /** Appends the tokens of a word. */
  append(word: string, ids: number[]): void {
    for (const id of this.#idsOf(word)) ids.push(id);
  }

  #idsOf(word: string): readonly number[] {
    const known = this.#remembered.get(word);
    if (known !== undefined) return known;
    const found = mergeNeighbours(this.#bytesOf(word), this.#merges);
    if (word.length > longestRememberedCharacters) return found;
    if (this.#remembered.size >= rememberedWords) this.#remembered.clear();
    this.#remembered.set(word, found);
    return found;
  }

  #bytesOf(word: string): number[] {
    const ids: number[] = [];
    for (const byte of this.#utf8.encode(word)) {
      const id = this.#byteIds[byte];
      if (id !== undefined) ids.push(id);
    }
    return ids;
  }
}
