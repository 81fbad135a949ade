// The parts of a tokenizer.json that make a byte-level BPE tokenizer of RoBERTa.
import { byteCharacters } from './byte-alphabet.ts';
import type { ByteLevelModel } from './byte-level-words.ts';
import { describe, invalid, typeOf, unsupported } from './tokenizer-fields.ts';
import { isJsonObject, type JsonObject } from '../json/json-object.ts';

export interface ByteLevelDefinition {
  readonly kind: 'byteLevel';
  /** Whether a text that begins without a space is read as if it began with one. */
  readonly addsPrefixSpace: boolean;
  readonly model: ByteLevelModel;
}

const mostMerges = 1_000_000;

/** Settings of the model with the only value that is followed; each may be left out. */
const plainSettings: Readonly<Record<string, unknown>> = {
  dropout: null,
  continuing_subword_prefix: '',
  end_of_word_suffix: '',
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

/**
 * @param root the whole file.
 * @param model its `model`.
 * @param vocabulary the model's own, without added tokens.
 * @throws CodedError `model_invalid`, `not_supported`.
 */
export function readByteLevel(
  root: JsonObject,
  model: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
): ByteLevelDefinition {
  for (const [setting, plain] of Object.entries(plainSettings)) {
    const value = model[setting] ?? plain;
    if (value !== plain) throw unsupported(`${setting} ${describe(value)}`);
  }
  if ((root['normalizer'] ?? null) !== null)
    throw unsupported(`a normalizer of type ${describe(typeOf(root['normalizer']))} beside byte-level BPE`);
  const preTokenizer = root['pre_tokenizer'];
  if (!isJsonObject(preTokenizer) || preTokenizer['type'] !== 'ByteLevel')
    throw unsupported(`a pre-tokenizer of type ${describe(typeOf(preTokenizer))}`);
  if (preTokenizer['use_regex'] === false)
    throw unsupported('a byte-level pre-tokenizer that does not split');
  const unknown = model['unk_token'] ?? undefined;
  const unknownId = typeof unknown === 'string' ? vocabulary.get(unknown) : undefined;
  if (unknown !== undefined && unknownId === undefined)
    throw invalid(`the vocabulary lacks ${describe(unknown)}`);
  return {
    kind: 'byteLevel',
    addsPrefixSpace: preTokenizer['add_prefix_space'] !== false,
    model: {
      byteIds: byteCharacters.map((character) => vocabulary.get(character) ?? unknownId),
      merges: readMerges(model['merges'], vocabulary),
    },
  };
}

/** Merges are pairs of tokens, or two tokens in a string with a space between. */
function readMerges(value: unknown, vocabulary: ReadonlyMap<string, number>): ByteLevelModel['merges'] {
  if (!Array.isArray(value)) throw invalid('model.merges is not an array');
  if (value.length > mostMerges) throw invalid(`it has over ${mostMerges} merges`);
  const idOf = (token: string): number => {
    const id = vocabulary.get(token);
    if (id === undefined) throw invalid(`a merge names ${describe(token)}, which is not in the vocabulary`);
    return id;
  };
  return value.map((merge: unknown) => {
    const pair: readonly unknown[] = typeof merge === 'string' ? merge.split(' ') : toArray(merge);
    const [left, right] = pair.length === 2 ? pair : [];
    if (typeof left !== 'string' || typeof right !== 'string')
      throw invalid('a merge is not a pair of tokens');
    return { left: idOf(left), right: idOf(right), merged: idOf(left + right) };
  });
}

function toArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
