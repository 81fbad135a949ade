// The tokenizer.json of Hugging Face: which of them this project can follow, read into types that cannot be wrong.
import { readAddedTokens, type AddedToken } from './added-tokens.ts';
import { readByteLevel, type ByteLevelDefinition } from './byte-level-json.ts';
import { readTemplates, type SequenceTemplates } from './sequence-template.ts';
import { describe, invalid, parseJson, readVocabulary, unsupported } from './tokenizer-fields.ts';
import { readWordPiece, type WordPieceDefinition } from './word-piece-json.ts';
import { isJsonObject, type JsonObject } from '../json/json-object.ts';

export interface TokenizerDefinition {
  readonly pieces: WordPieceDefinition | ByteLevelDefinition;
  readonly addedTokens: readonly AddedToken[];
  readonly templates: SequenceTemplates;
  readonly paddingId: number;
  readonly unknownId: number;
  readonly maskId: number | undefined;
  /** From ids to tokens; ids need not follow each other without a gap. */
  readonly tokens: ReadonlyMap<number, string>;
  /** Greatest id plus one. */
  readonly vocabularySize: number;
}

/** The file does not say what these tokens are for: their names do. */
const specialNames = {
  wordPiece: { padding: '[PAD]', unknown: '[UNK]', mask: '[MASK]' },
  byteLevel: { padding: '<pad>', unknown: '<unk>', mask: '<mask>' },
} as const;

/**
 * Reads a tokenizer.json. Its settings for truncation and padding are ignored: both are the experiment's.
 *
 * @throws CodedError `model_invalid` for what is no tokenizer.json, `not_supported` for another kind of tokenizer.
 */
export function readTokenizerJson(json: unknown): TokenizerDefinition {
  const root = typeof json === 'string' ? parseJson(json) : json;
  if (!isJsonObject(root)) throw invalid('it is not a JSON object');
  const model = isJsonObject(root['model']) ? root['model'] : {};
  const read = pieceReader(model);
  const vocabulary = readVocabulary(model['vocab']);
  const pieces = read(root, model, vocabulary);
  const addedTokens = readAddedTokens(root['added_tokens']);
  const ids = new Map(vocabulary);
  for (const { content, id } of addedTokens) ids.set(content, id);
  const names = specialNames[pieces.kind];
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined) throw invalid(`the vocabulary lacks ${describe(token)}`);
    return id;
  };
  let vocabularySize = 0;
  for (const id of ids.values()) vocabularySize = Math.max(vocabularySize, id + 1);
  const templates = readTemplates(root['post_processor']);
  refuseStrangeIds(templates, vocabularySize);
  return {
    pieces,
    addedTokens,
    templates,
    paddingId: idOf(names.padding),
    unknownId: pieces.kind === 'wordPiece' ? pieces.model.unknownId : idOf(names.unknown),
    maskId: ids.get(names.mask),
    tokens: new Map([...ids].map(([token, id]) => [id, token])),
    vocabularySize,
  };
}

function pieceReader(model: JsonObject): typeof readWordPiece | typeof readByteLevel {
  // Old files do not name the type of a model.
  const type =
    model['type'] ??
    ('max_input_chars_per_word' in model ? 'WordPiece' : 'merges' in model ? 'BPE' : undefined);
  if (type === 'WordPiece') return readWordPiece;
  if (type === 'BPE') return readByteLevel;
  throw unsupported(`a model of type ${describe(type)}`);
}

/** A template brings ids of its own, which the embedding must have rows for too. */
function refuseStrangeIds({ single, pair }: SequenceTemplates, vocabularySize: number): void {
  for (const part of [...single, ...pair]) {
    const strange = part.kind === 'special' ? part.ids.find((id) => id >= vocabularySize) : undefined;
    if (strange !== undefined) throw invalid(`its templates name the id ${strange}, which no token has`);
  }
}
