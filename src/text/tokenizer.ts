// From text to the token ids that a BERT model reads, id for id as Hugging Face's tokenizers.
import { normalizeText, splitWords } from './bert-normalizer.ts';
import { readTokenizerJson, type TokenizerDefinition } from './tokenizer-json.ts';
import { WordPieces } from './word-pieces.ts';

interface EncodedPair {
  readonly tokenIds: readonly number[];
  /** 0 up to the first `[SEP]`, 1 after it; as long as `tokenIds`. */
  readonly tokenTypeIds: readonly number[];
}

export interface Tokenizer {
  /** Greatest id plus one. */
  readonly vocabularySize: number;
  readonly paddingId: number;
  readonly unknownId: number;
  readonly classificationId: number;
  readonly separatorId: number;
  readonly maskId: number | undefined;
  /** `[CLS] text [SEP]`, the text cut so that all are at most `maximumLength` (3 or more) ids. */
  encode(text: string, maximumLength?: number): number[];
  /** `[CLS] first [SEP] second [SEP]`, cut where it is longest first. */
  encodePair(first: string, second: string, maximumLength?: number): EncodedPair;
}

const specialsOfOne = 2;
const specialsOfPair = 3;

/**
 * @param tokenizerJson the content of a tokenizer.json, parsed or not.
 * @throws CodedError `model_invalid` or `not_supported` for a tokenizer that cannot be followed.
 */
export function createTokenizer(tokenizerJson: object | string): Tokenizer {
  const definition = readTokenizerJson(tokenizerJson);
  const { classificationId, separatorId, paddingId, maskId, vocabularySize } = definition;
  const textIds = textEncoder(definition);
  return {
    vocabularySize,
    paddingId,
    maskId,
    classificationId,
    separatorId,
    unknownId: definition.model.unknownId,
    encode(text, maximumLength = Number.MAX_SAFE_INTEGER) {
      const ids = textIds(text);
      if (ids.length > maximumLength - specialsOfOne) ids.length = maximumLength - specialsOfOne;
      ids.unshift(classificationId);
      ids.push(separatorId);
      return ids;
    },
    encodePair(first, second, maximumLength = Number.MAX_SAFE_INTEGER) {
      const firstIds = textIds(first);
      const secondIds = textIds(second);
      const kept = pairLengths(firstIds.length, secondIds.length, maximumLength - specialsOfPair);
      const firstPart = [classificationId, ...firstIds.slice(0, kept.first), separatorId];
      const secondPart = [...secondIds.slice(0, kept.second), separatorId];
      const tokenTypeIds = Array.from({ length: firstPart.length + secondPart.length }, (_, index) =>
        index < firstPart.length ? 0 : 1,
      );
      return { tokenIds: firstPart.concat(secondPart), tokenTypeIds };
    },
  };
}

/** Ids of a text without `[CLS]` and `[SEP]`. Added tokens are found before anything is normalized, the longest first. */
function textEncoder(definition: TokenizerDefinition): (text: string) => number[] {
  const pieces = new WordPieces(definition.model);
  const added = new Map(definition.addedTokens.map((token) => [token.content, token.id]));
  const contents = [...added.keys()].sort((left, right) => right.length - left.length).map(escapePattern);
  const addedPattern = contents.length === 0 ? undefined : new RegExp(`(${contents.join('|')})`, 'u');
  return (text) => {
    const ids: number[] = [];
    for (const part of addedPattern === undefined ? [text] : text.split(addedPattern)) {
      const addedId = added.get(part);
      if (addedId !== undefined) {
        ids.push(addedId);
        continue;
      }
      for (const word of splitWords(normalizeText(part, definition.normalizer))) {
        for (const id of pieces.ids(word)) ids.push(id);
      }
    }
    return ids;
  };
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

function escapePattern(content: string): string {
  return content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
