// Learns a WordPiece vocabulary from text: frequent pieces that stand side by side are merged, over and over.
import { normalizeText, splitWords, type NormalizerSettings } from './bert-normalizer.ts';
import { mergePieces } from './merge-pieces.ts';
import { yieldRegularly } from '../waiting/event-loop.ts';
import { specialTokens, wordPieceTokenizerJson } from './vocabulary.ts';

export interface LearnWordPieceOptions {
  /** The upper bound of the vocabulary's size, special tokens included. */
  readonly vocabularySize: number;
  /** Called ten times a second while the vocabulary is computed; what it throws ends the learning. */
  readonly onProgress?: () => void;
}

/** Different words that are counted at once. When there are more, the rarest are forgotten, which bounds the memory. */
const mostCountedWords = 500_000;
/** Longer words are unknown to the tokenizer anyway. */
const longestWordCharacters = 100;
/** Characters of the alphabet, the most frequent first; scripts with more have the rest unknown. */
const largestAlphabet = 1_000;

const normalizer: NormalizerSettings = {
  cleanText: true,
  handleChineseCharacters: true,
  stripAccents: true,
  lowerCase: true,
};

/**
 * Learns an uncased vocabulary from texts that come one by one. The same texts give the same bytes: ties go to the pair that
 * sorts first. Merges by the frequency of the pair, as byte-pair encoding does (Sennrich et al. 2016, arXiv:1508.07909), and
 * the pieces are used by WordPiece's longest match.
 */
export class WordPieceLearner {
  readonly #countedWords: number;
  #counts = new Map<string, number>();

  constructor(countedWords = mostCountedWords) {
    this.#countedWords = countedWords;
  }

  add(text: string): void {
    for (const word of splitWords(normalizeText(text, normalizer))) {
      this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
    }
    if (this.#counts.size > this.#countedWords)
      this.#counts = withoutTheRarest(this.#counts, this.#countedWords / 2);
  }

  /** The tokenizer.json that uses the vocabulary learned. Yields to other work, for it may compute for minutes. */
  async finish({ vocabularySize, onProgress = () => undefined }: LearnWordPieceOptions): Promise<object> {
    const yieldToOthers = yieldRegularly(onProgress);
    const words = [...this.#counts]
      .map(([word, count]) => ({ characters: Array.from(word), count }))
      .filter(({ characters }) => characters.length <= longestWordCharacters);
    await yieldToOthers();
    const room = Math.max(0, vocabularySize - specialTokens.length);
    const alphabet = new Set(alphabetOf(words, Math.min(room, largestAlphabet)));
    await yieldToOthers();
    const spelled = words
      .map(({ characters, count }) => ({
        pieces: characters.map((c, index) => (index === 0 ? c : `##${c}`)),
        count,
      }))
      .filter(({ pieces }) => pieces.every((piece) => alphabet.has(piece)));
    const isKnown = (piece: string): boolean => alphabet.has(piece);
    const merged = await mergePieces(spelled, Math.max(0, room - alphabet.size), isKnown, yieldToOthers);
    const tokens = [...specialTokens, ...alphabet, ...merged];
    return wordPieceTokenizerJson(new Map(tokens.map((token, id) => [token, id])), true);
  }
}

/** Single characters as pieces, the most frequent first, ties in the order of their code units. */
function alphabetOf(
  words: readonly { characters: readonly string[]; count: number }[],
  size: number,
): string[] {
  const counts = new Map<string, number>();
  for (const { characters, count } of words) {
    for (const [index, character] of characters.entries()) {
      const piece = index === 0 ? character : `##${character}`;
      counts.set(piece, (counts.get(piece) ?? 0) + count);
    }
  }
  const sorted = [...counts].sort(
    ([left, first], [right, second]) => second - first || (left < right ? -1 : 1),
  );
  return sorted.slice(0, size).map(([piece]) => piece);
}

/** Forgets the words of the lowest counts until at most `words` are left. */
function withoutTheRarest(counts: ReadonlyMap<string, number>, words: number): Map<string, number> {
  let kept = new Map(counts);
  for (let least = 2; kept.size > words; least += 1) {
    kept = new Map([...kept].filter(([, count]) => count >= least));
  }
  return kept;
}
