// WordPiece: a word becomes the longest pieces of the vocabulary from left to right, or the unknown token.

export interface WordPieceModel {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Put before a piece that does not begin its word: `##`. */
  readonly continuingPrefix: string;
  readonly unknownId: number;
  /** Longer words are unknown; counted in code points. */
  readonly longestWordCharacters: number;
}

/** Words whose pieces are remembered, which bounds the memory of a tokenizer. */
const rememberedWords = 50_000;

/** Looks words up in one vocabulary. */
export class WordPieces {
  readonly #model: WordPieceModel;
  readonly #longestPiece: number;
  readonly #unknown: readonly number[];
  readonly #remembered = new Map<string, readonly number[]>();

  constructor(model: WordPieceModel) {
    this.#model = model;
    this.#unknown = [model.unknownId];
    let longestPiece = 0;
    for (const piece of model.vocabulary.keys()) longestPiece = Math.max(longestPiece, piece.length);
    // A piece that no word is long enough for need not be tried. A code point takes at most two units of a string.
    this.#longestPiece = Math.min(longestPiece, 2 * model.longestWordCharacters);
  }

  /** Appends the ids of a word's pieces; the unknown token's alone where the vocabulary cannot spell the word. */
  append(word: string, ids: number[]): void {
    for (const id of this.#idsOf(word)) ids.push(id);
  }

  #idsOf(word: string): readonly number[] {
    // Long words are not remembered: many of them would take much memory.
    if (this.#isTooLong(word)) return this.#unknown;
    const known = this.#remembered.get(word);
    if (known !== undefined) return known;
    const found = this.#spell(word) ?? this.#unknown;
    if (this.#remembered.size >= rememberedWords) this.#remembered.clear();
    this.#remembered.set(word, found);
    return found;
  }

  #isTooLong(word: string): boolean {
    const limit = this.#model.longestWordCharacters;
    // A code point takes at most two units of a string: most words need no counting.
    return word.length > limit && (word.length > 2 * limit || Array.from(word).length > limit);
  }

  #spell(word: string): number[] | undefined {
    const found: number[] = [];
    let start = 0;
    while (start < word.length) {
      const prefix = start === 0 ? '' : this.#model.continuingPrefix;
      let end = Math.min(word.length, start + this.#longestPiece);
      let id: number | undefined;
      for (; end > start; end -= 1) {
        id = this.#model.vocabulary.get(prefix + word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return undefined;
      found.push(id);
      start = end;
    }
    return found;
  }
}
