// From a text to its byte-level tokens: the text is split into words, each with the space before it.
import type { ByteLevelWords } from './byte-level-words.ts';
import type { TextPieces } from './text-pieces.ts';
import { letters, numbers } from './unicode-tables.ts';

/**
 * The words of GPT-2: an English ending, or letters, digits or other signs with at most one space before them, or white
 * space, whose last character is left to the word that follows.
 */
const words = new RegExp(
  `'(?:s|t|re|ve|m|ll|d)| ?${letters}+| ?${numbers}+| ?[^\\p{White_Space}${letters}${numbers}]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+`,
  'gv',
);

/** The words of a text, which joined give it back. */
export function splitSpacedWords(text: string): readonly string[] {
  return text.match(words) ?? [];
}

/** Spells texts, read as they come or with a space before them. */
export class ByteLevelText implements TextPieces {
  readonly #words: ByteLevelWords;
  readonly #addsPrefixSpace: boolean;

  constructor(spelling: ByteLevelWords, addsPrefixSpace: boolean) {
    this.#words = spelling;
    this.#addsPrefixSpace = addsPrefixSpace;
  }

  normalize(text: string): string {
    return text;
  }

  append(text: string, ids: number[], limit: number): void {
    const spaced = this.#addsPrefixSpace && !text.startsWith(' ') ? ` ${text}` : text;
    for (const word of splitSpacedWords(spaced)) {
      if (ids.length >= limit) return;
      this.#words.append(word, ids);
    }
  }
}
