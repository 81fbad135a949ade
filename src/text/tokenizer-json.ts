// The tokenizer.json of Hugging Face: which of them this project can follow, read into types that cannot be wrong.
import { CodedError } from '../error.ts';
import type { NormalizerSettings } from './bert-normalizer.ts';
import type { WordPieceModel } from './word-pieces.ts';

/** Tokens that stand for themselves wherever they occur in a text. */
interface AddedToken {
  readonly id: number;
  readonly content: string;
}

export interface TokenizerDefinition {
  readonly normalizer: NormalizerSettings;
  readonly model: WordPieceModel;
  readonly addedTokens: readonly AddedToken[];
  readonly classificationId: number;
  readonly separatorId: number;
  readonly paddingId: number;
  readonly maskId: number | undefined;
  /** Greatest id plus one. */
  readonly vocabularySize: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

const largestVocabulary = 1_000_000;
/** Spelling a word takes time with its length times that of the longest token: both are bounded, so that none stops a worker. */
const longestWordCharacters = 200;
const longestTokenCharacters = 200;

/**
 * Reads a WordPiece tokenizer.json. Its settings for truncation and padding are ignored: both are the experiment's.
 *
 * @throws CodedError `model_invalid` for what is no tokenizer.json, `not_supported` for another kind of tokenizer.
 */
export function readTokenizerJson(json: unknown): TokenizerDefinition {
  const root = typeof json === 'string' ? parse(json) : json;
  if (!isObject(root)) throw invalid('it is not a JSON object');
  const model = isObject(root['model']) ? root['model'] : {};
  // Old files do not name the type of a WordPiece model.
  const type = model['type'] ?? ('max_input_chars_per_word' in model ? 'WordPiece' : undefined);
  if (type !== 'WordPiece') throw unsupported(`a model of type ${describe(type)}`);
  const vocabulary = readVocabulary(model['vocab']);
  const addedTokens = readAddedTokens(root['added_tokens']);
  for (const token of addedTokens) vocabulary.set(token.content, token.id);
  const idOf = (content: unknown): number => {
    const id = typeof content === 'string' ? vocabulary.get(content) : undefined;
    if (id === undefined) throw invalid(`the vocabulary lacks ${describe(content)}`);
    return id;
  };
  checkPreTokenizer(root['pre_tokenizer']);
  checkPostProcessor(root['post_processor']);
  const longestWord = model['max_input_chars_per_word'] ?? 100;
  if (typeof longestWord !== 'number' || !(longestWord >= 1 && longestWord <= longestWordCharacters))
    throw invalid(`max_input_chars_per_word is no count from 1 to ${longestWordCharacters}`);
  const continuingPrefix = stringOr(model['continuing_subword_prefix'], '##');
  refuseLongToken(continuingPrefix);
  let vocabularySize = 0;
  for (const id of vocabulary.values()) vocabularySize = Math.max(vocabularySize, id + 1);
  return {
    normalizer: readNormalizer(root['normalizer']),
    model: {
      vocabulary,
      continuingPrefix,
      unknownId: idOf(model['unk_token'] ?? '[UNK]'),
      longestWordCharacters: longestWord,
    },
    addedTokens,
    classificationId: idOf('[CLS]'),
    separatorId: idOf('[SEP]'),
    paddingId: idOf('[PAD]'),
    maskId: vocabulary.get('[MASK]'),
    vocabularySize,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
}

function readVocabulary(value: unknown): Map<string, number> {
  if (!isObject(value)) throw invalid('model.vocab is not an object');
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

function refuseLongToken(token: string): void {
  if (token.length > longestTokenCharacters)
    throw invalid(`the token ${describe(token)}… is over ${longestTokenCharacters} characters`);
}

function readAddedTokens(value: unknown): readonly AddedToken[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid('added_tokens is not an array');
  return value.map((token: unknown) => {
    if (
      !isObject(token) ||
      typeof token['content'] !== 'string' ||
      token['content'] === '' ||
      !isId(token['id'])
    ) {
      throw invalid('an added token lacks its content or id');
    }
    refuseLongToken(token['content']);
    for (const setting of ['single_word', 'lstrip', 'rstrip', 'normalized']) {
      if (token[setting] === true)
        throw unsupported(`${setting} of the added token ${describe(token['content'])}`);
    }
    return { id: token['id'], content: token['content'] };
  });
}

function readNormalizer(value: unknown): NormalizerSettings {
  if (!isObject(value) || value['type'] !== 'BertNormalizer') {
    throw unsupported(`a normalizer of type ${describe(isObject(value) ? value['type'] : value)}`);
  }
  const lowerCase = value['lowercase'] !== false;
  return {
    cleanText: value['clean_text'] !== false,
    handleChineseCharacters: value['handle_chinese_chars'] !== false,
    stripAccents: typeof value['strip_accents'] === 'boolean' ? value['strip_accents'] : lowerCase,
    lowerCase,
  };
}

function checkPreTokenizer(value: unknown): void {
  const type = isObject(value) ? value['type'] : value;
  if (type !== 'BertPreTokenizer') throw unsupported(`a pre-tokenizer of type ${describe(type)}`);
}

/** Only `[CLS] text [SEP]` is followed. */
function checkPostProcessor(value: unknown): void {
  const type = isObject(value) ? value['type'] : value;
  if (type === 'BertProcessing') return;
  if (!isObject(value) || type !== 'TemplateProcessing')
    throw unsupported(`a post-processor of type ${describe(type)}`);
  const single = Array.isArray(value['single']) ? value['single'].map((part: unknown) => pieceOf(part)) : [];
  if (single.join(' ') !== '[CLS] A [SEP]') throw unsupported(`the template ${describe(single.join(' '))}`);
}

function pieceOf(part: unknown): string {
  if (!isObject(part)) return '?';
  const piece = part['SpecialToken'] ?? part['Sequence'];
  return isObject(piece) ? stringOr(piece['id'], '?') : '?';
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < largestVocabulary;
}

function stringOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/** A value of the file in a message: short, and in quotes. What is nested, however deep, is not written out. */
function describe(value: unknown): string {
  if (value === undefined) return 'none';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 60) : value);
}

function invalid(what: string): CodedError {
  return new CodedError('model_invalid', `The tokenizer cannot be used: ${what}.`);
}

function unsupported(what: string): CodedError {
  return new CodedError(
    'not_supported',
    `The tokenizer has ${what}; only WordPiece tokenizers of BERT are supported.`,
  );
}
