// The parts of a tokenizer.json that make a WordPiece tokenizer of BERT, cased or uncased.
import type { NormalizerSettings } from './bert-normalizer.ts';
import { describe, invalid, refuseLongToken, stringOr, typeOf, unsupported } from './tokenizer-fields.ts';
import type { WordPieceModel } from './word-pieces.ts';
import { isJsonObject, type JsonObject } from '../json/json-object.ts';

export interface WordPieceDefinition {
  readonly kind: 'wordPiece';
  readonly normalizer: NormalizerSettings;
  readonly model: WordPieceModel;
}

const longestWordCharacters = 200;

/**
 * @param root the whole file.
 * @param model its `model`.
 * @param vocabulary added tokens included.
 * @throws CodedError `model_invalid`, `not_supported`.
 */
export function readWordPiece(
  root: JsonObject,
  model: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
): WordPieceDefinition {
  const preTokenizer = typeOf(root['pre_tokenizer']);
  if (preTokenizer !== 'BertPreTokenizer')
    throw unsupported(`a pre-tokenizer of type ${describe(preTokenizer)}`);
  const longestWord = model['max_input_chars_per_word'] ?? 100;
  if (typeof longestWord !== 'number' || !(longestWord >= 1 && longestWord <= longestWordCharacters))
    throw invalid(`max_input_chars_per_word is no count from 1 to ${longestWordCharacters}`);
  const continuingPrefix = stringOr(model['continuing_subword_prefix'], '##');
  refuseLongToken(continuingPrefix);
  const unknown = stringOr(model['unk_token'], '[UNK]');
  const unknownId = vocabulary.get(unknown);
  if (unknownId === undefined) throw invalid(`the vocabulary lacks ${describe(unknown)}`);
  return {
    kind: 'wordPiece',
    normalizer: readNormalizer(root['normalizer']),
    model: { vocabulary, continuingPrefix, unknownId, longestWordCharacters: longestWord },
  };
}

function readNormalizer(value: unknown): NormalizerSettings {
  if (!isJsonObject(value) || value['type'] !== 'BertNormalizer') {
    throw unsupported(`a normalizer of type ${describe(typeOf(value))}`);
  }
  const lowerCase = value['lowercase'] !== false;
  return {
    cleanText: value['clean_text'] !== false,
    handleChineseCharacters: value['handle_chinese_chars'] !== false,
    stripAccents: typeof value['strip_accents'] === 'boolean' ? value['strip_accents'] : lowerCase,
    lowerCase,
  };
}
