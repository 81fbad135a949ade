// From text to the token ids that a model reads, id for id as Hugging Face's tokenizers.
import { ByteLevelText } from './byte-level-text.ts';
import { ByteLevelWords } from './byte-level-words.ts';
import { specialCount, type SequenceTemplate } from './sequence-template.ts';
import { tokenAppender, type AppendTokens } from './text-pieces.ts';
import { readTokenizerJson, type TokenizerDefinition } from './tokenizer-json.ts';
import { WordPieceText } from './word-piece-text.ts';

interface EncodedPair {
  readonly tokenIds: readonly number[];
  /** As long as `tokenIds`. BERT: 0 up to the first `[SEP]`, 1 after it. RoBERTa: 0 everywhere. */
  readonly tokenTypeIds: readonly number[];
}

interface EncodedWords {
  readonly tokenIds: readonly number[];
  /** As long as `tokenIds`: the index of the word that a token comes from, -1 for special tokens around the words. */
  readonly wordOf: readonly number[];
}

export interface Tokenizer {
  /** Greatest id plus one. */
  readonly vocabularySize: number;
  readonly paddingId: number;
  readonly unknownId: number;
  /** The first token of every text: `[CLS]` or `<s>`. */
  readonly classificationId: number;
  /** The last token of every text: `[SEP]` or `</s>`. */
  readonly separatorId: number;
  readonly maskId: number | undefined;
  /** `[CLS] text [SEP]` or `<s> text </s>`, the text cut so that all are at most `maximumLength` (3 or more) ids. */
  encode(text: string, maximumLength?: number): number[];
  /** `[CLS] first [SEP] second [SEP]` or `<s> first </s></s> second </s>`, cut where it is longest first. */
  encodePair(first: string, second: string, maximumLength?: number): EncodedPair;
  /**
   * A text that comes as words, each of which is encoded alone; a byte-level tokenizer reads a space before each. This is
   * what `is_split_into_words` asks of Hugging Face's tokenizers. A word of which nothing is left has no token.
   */
  encodeWords(words: readonly string[], maximumLength?: number): EncodedWords;
  /** A token as the vocabulary writes it; `undefined` for an id that no token has. */
  tokenText(id: number): string | undefined;
}

/**
 * @param tokenizerJson the content of a tokenizer.json, parsed or not.
 * @throws CodedError `model_invalid` or `not_supported` for a tokenizer that cannot be followed.
 */
export function createTokenizer(tokenizerJson: object | string): Tokenizer {
  const definition = readTokenizerJson(tokenizerJson);
  const { templates, paddingId, unknownId, maskId, vocabularySize } = definition;
  const { single, pair, classificationId, separatorId } = templates;
  const { appendText, appendWord } = appenders(definition);
  const [specialsOfOne, specialsOfPair] = [specialCount(single), specialCount(pair)];
  return {
    vocabularySize,
    paddingId,
    unknownId,
    maskId,
    classificationId,
    separatorId,
    encode(text, maximumLength = Number.MAX_SAFE_INTEGER) {
      const ids: number[] = [];
      for (const part of single) {
        if (part.kind === 'special') ids.push(...part.ids);
        else appendText(text, ids, ids.length + maximumLength - specialsOfOne);
      }
      return ids;
    },
    encodePair(first, second, maximumLength = Number.MAX_SAFE_INTEGER) {
      const ids: { A: number[]; B: number[] } = { A: [], B: [] };
      appendText(first, ids.A, Infinity);
      appendText(second, ids.B, Infinity);
      const kept = pairLengths(ids.A.length, ids.B.length, maximumLength - specialsOfPair);
      ids.A.length = kept.first;
      ids.B.length = kept.second;
      return fillTemplate(pair, ids);
    },
    encodeWords(words, maximumLength = Number.MAX_SAFE_INTEGER) {
      const tokenIds: number[] = [];
      const wordOf: number[] = [];
      for (const part of single) {
        if (part.kind === 'special') {
          tokenIds.push(...part.ids);
        } else {
          const limit = tokenIds.length + maximumLength - specialsOfOne;
          for (const [word, text] of words.entries()) {
            appendWord(text, tokenIds, limit);
            while (wordOf.length < tokenIds.length) wordOf.push(word);
            if (tokenIds.length === limit) break;
          }
        }
        while (wordOf.length < tokenIds.length) wordOf.push(-1);
      }
      return { tokenIds, wordOf };
    },
    tokenText: (id) => definition.tokens.get(id),
  };
}

/** How texts, and words that stand alone, become ids. */
function appenders({ pieces, addedTokens }: TokenizerDefinition): {
  readonly appendText: AppendTokens;
  readonly appendWord: AppendTokens;
} {
  if (pieces.kind === 'wordPiece') {
    const append = tokenAppender(new WordPieceText(pieces.normalizer, pieces.model), addedTokens);
    return { appendText: append, appendWord: append };
  }
  const words = new ByteLevelWords(pieces.model);
  return {
    appendText: tokenAppender(new ByteLevelText(words, pieces.addsPrefixSpace), addedTokens),
    appendWord: tokenAppender(new ByteLevelText(words, true), addedTokens),
  };
}

function fillTemplate(
  template: SequenceTemplate,
  texts: Readonly<Record<'A' | 'B', readonly number[]>>,
): EncodedPair {
  const tokenIds: number[] = [];
  const tokenTypeIds: number[] = [];
  for (const part of template) {
    const ids = part.kind === 'special' ? part.ids : texts[part.text];
    for (const id of ids) {
      tokenIds.push(id);
      tokenTypeIds.push(part.typeId);
    }
  }
  return { tokenIds, tokenTypeIds };
}

/**
 * What is kept of two texts within `room` ids: the shorter whole if the longer can be cut enough, else half each, the odd
 * id to the longer (at a tie the second). This is `longest_first` as Hugging Face's tokenizers do it.
 */
function pairLengths(first: number, second: number, room: number): { first: number; second: number } {
  if (first + second <= room) return { first, second };
  const half = Math.floor(room / 2);
  const shorter = Math.min(first, second, half);
  const longer = room - shorter;
  return first > second ? { first: longer, second: shorter } : { first: shorter, second: longer };
}
