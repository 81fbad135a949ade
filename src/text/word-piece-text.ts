// From a text to its WordPiece tokens, with a short way for plain English, which most texts are.
import { normalizeText, plainAscii, splitWords, type NormalizerSettings } from './bert-normalizer.ts';
import type { TextPieces } from './text-pieces.ts';
import { WordPieces, type WordPieceModel } from './word-pieces.ts';

const space = 0x20;

/** Normalizes and spells texts with one vocabulary. */
export class WordPieceText implements TextPieces {
  readonly #normalizer: NormalizerSettings;
  readonly #pieces: WordPieces;

  constructor(normalizer: NormalizerSettings, model: WordPieceModel) {
    this.#normalizer = normalizer;
    this.#pieces = new WordPieces(model);
  }

  normalize(text: string): string {
    return normalizeText(text, this.#normalizer);
  }

  append(normalized: string, ids: number[], limit: number): void {
    if (plainAscii.test(normalized)) {
      this.#appendAscii(normalized, ids, limit);
      return;
    }
    for (const word of splitWords(normalized)) {
      if (ids.length >= limit) return;
      this.#pieces.append(word, ids);
    }
  }

  /** The same for printable ASCII, without a list of words. */
  #appendAscii(text: string, ids: number[], limit: number): void {
    let wordStart = 0;
    for (let place = 0; place < text.length && ids.length < limit; place += 1) {
      const code = text.charCodeAt(place);
      const isPunctuation = isAsciiPunctuation(code);
      if (code !== space && !isPunctuation) continue;
      if (wordStart < place) this.#pieces.append(text.slice(wordStart, place), ids);
      if (isPunctuation) this.#pieces.append(text.charAt(place), ids);
      wordStart = place + 1;
    }
    if (wordStart < text.length && ids.length < limit) this.#pieces.append(text.slice(wordStart), ids);
  }
}

/** The signs between the digits and the two alphabets. */
function isAsciiPunctuation(code: number): boolean {
  return (
    (code > space && code < 0x30) ||
    (code > 0x39 && code < 0x41) ||
    (code > 0x5a && code < 0x61) ||
    (code > 0x7a && code < 0x7f)
  );
}
