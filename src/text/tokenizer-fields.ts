// The fields of a tokenizer.json: their limits, how they are read, and how a file that cannot be followed is refused.
import { CodedError } from '../error.ts';
import { isJsonObject } from '../json/json-object.ts';

const largestVocabulary = 1_000_000;
/** Spelling a word takes time with its length times that of the longest token: both are bounded, so that none stops a worker. */
const longestTokenCharacters = 200;

/** @throws CodedError `model_invalid` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
}

/**
 * A vocabulary, from tokens to ids.
 *
 * @throws CodedError `model_invalid` when two tokens share an id, or one is too long.
 */
export function readVocabulary(value: unknown): Map<string, number> {
  if (!isJsonObject(value)) throw invalid('model.vocab is not an object');
  const entries = Object.entries(value);
  if (entries.length > largestVocabulary) throw invalid(`its vocabulary is over ${largestVocabulary} tokens`);
  const vocabulary = new Map<string, number>();
  const ids = new Set<number>();
  for (const [token, id] of entries) {
    refuseLongToken(token);
    if (!isId(id))
      throw invalid(`the id of ${describe(token)} is not a whole number below ${largestVocabulary}`);
    if (ids.has(id)) throw invalid(`two tokens have the id ${id}`);
    ids.add(id);
    vocabulary.set(token, id);
  }
  return vocabulary;
}

/** @throws CodedError `model_invalid` */
export function refuseLongToken(token: string): void {
  if (token.length > longestTokenCharacters)
    throw invalid(`the token ${describe(token)}… is over ${longestTokenCharacters} characters`);
}

/** The `type` of a part of the file; `undefined` where there is no such part. */
export function typeOf(value: unknown): unknown {
  return isJsonObject(value) ? value['type'] : (value ?? undefined);
}

/** Whether a part of the file can be the id of a token: a whole number from 0 to below {@link largestVocabulary}. */
export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < largestVocabulary;
}

/** The text that a part of the file is; otherwise another, where it is something else or not there. */
export function stringOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/** A value of the file in a message: short, and in quotes. What is nested, however deep, is not written out. */
export function describe(value: unknown): string {
  if (value === undefined) return 'none';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 60) : value);
}

/** `model_invalid` for a file that contradicts itself or its format. @param what completes a sentence. */
export function invalid(what: string): CodedError {
  return new CodedError('model_invalid', `The tokenizer cannot be used: ${what}.`);
}

/** `not_supported` for a file that is right and asks for what is not implemented. @param what the tokenizer has. */
export function unsupported(what: string): CodedError {
  return new CodedError(
    'not_supported',
    `The tokenizer has ${what}; only WordPiece tokenizers of BERT and byte-level BPE tokenizers of RoBERTa are supported.`,
  );
}
