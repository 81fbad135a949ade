// Byte-level BPE beyond the reference: its order of merges, its limits, and the files that are refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteCharacters } from '../../src/text/byte-alphabet.ts';
import { mergeNeighbours, MergeTable } from '../../src/text/merge-neighbours.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';

const special = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];
const merged = ['ab', 'abab', 'Ġab', 'bc'];
const tokens = [...special, ...byteCharacters, ...merged];
const vocabulary = Object.fromEntries(tokens.map((token, id) => [token, id]));
const added = special.map((content, id) => ({ id, content }));

const definition = {
  added_tokens: added,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
  post_processor: { type: 'RobertaProcessing', cls: ['<s>', 0], sep: ['</s>', 2] },
  model: {
    type: 'BPE',
    vocab: vocabulary,
    merges: ['a b', ['ab', 'ab'], ['Ġ', 'ab'], ['b', 'c']] as unknown[],
  },
};
const withModel = (changes: object) => ({ ...definition, model: { ...definition.model, ...changes } });
const tokenizer = createTokenizer(definition);
const inner = (text: string, json: object = definition): (string | undefined)[] =>
  createTokenizer(json)
    .encode(text)
    .slice(1, -1)
    .map((id) => tokenizer.tokenText(id));

describe('a byte-level tokenizer', () => {
  it('knows its special tokens by the names of RoBERTa', () => {
    expect(tokenizer).toMatchObject({
      classificationId: 0,
      paddingId: 1,
      separatorId: 2,
      unknownId: 3,
      maskId: 4,
      vocabularySize: tokens.length,
    });
  });

  it('writes each of the 256 bytes as a character of its own, and the space as Ġ', () => {
    expect(new Set(byteCharacters).size).toBe(256);
    expect([0x20, 0x0a, 0x41, 0xad, 0xff].map((byte) => byteCharacters[byte])).toEqual([
      'Ġ',
      'Ċ',
      'A',
      'Ń',
      'ÿ',
    ]);
  });

  it('merges what was learned first, from the left, and merges again what came of it', () => {
    expect(inner('abc')).toEqual(['ab', 'c']);
    expect(inner('ababab')).toEqual(['abab', 'ab']);
    expect(inner('bcab ab abab')).toEqual(['bc', 'ab', 'Ġab', 'Ġ', 'abab']);
  });

  it('leaves a byte out that has no token, or takes the unknown token where the file names one', () => {
    const { a: _a, ...lacking } = vocabulary;
    expect(inner('xac', withModel({ vocab: lacking, merges: [] }))).toEqual(['x', 'c']);
    const named = withModel({ vocab: lacking, merges: [], unk_token: '<unk>' });
    expect(inner('xac', named)).toEqual(['x', '<unk>', 'c']);
  });

  it('takes a megabyte of one word without delay', () => {
    const start = performance.now();
    expect(tokenizer.encode('ab'.repeat(500_000))).toHaveLength(250_002);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('gives the same ids when it has seen more words than it remembers', () => {
    const words = Array.from({ length: 60_000 }, (_, word) => `ab${'x'.repeat(word % 7)}${word}`).join(' ');
    const before = tokenizer.encode('abab');
    tokenizer.encode(words);
    expect(tokenizer.encode('abab')).toEqual(before);
  });
});

interface Merge {
  readonly left: number;
  readonly right: number;
  readonly merged: number;
}

/** Takes the merges in their order, and makes the first that can be made, until none can. */
function mergeOneByOne(word: readonly number[], merges: readonly Merge[]): number[] {
  const result = [...word];
  const placeOf = ({ left, right }: Merge): number =>
    result.findIndex((id, place) => id === left && result[place + 1] === right);
  for (;;) {
    const merge = merges.find((candidate) => placeOf(candidate) >= 0);
    if (merge === undefined) return result;
    result.splice(placeOf(merge), 2, merge.merged);
  }
}

describe('merging', () => {
  it('gives what merging one pair after another gives, on random tables and words', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.nat(8), fc.nat(8)), { maxLength: 12, selector: String }),
        fc.array(fc.nat(3), { maxLength: 40 }),
        (pairs, word) => {
          const merges = pairs.map(([left, right], index) => ({ left, right, merged: 4 + index }));
          expect(mergeNeighbours(word, new MergeTable(merges))).toEqual(mergeOneByOne(word, merges));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a byte-level tokenizer.json that cannot be followed', () => {
  const template = (single: object[], pair: object[] = []) => ({
    type: 'TemplateProcessing',
    single,
    pair,
    special_tokens: { '<s>': { id: '<s>', ids: [0] } },
  });
  const first = { SpecialToken: { id: '<s>', type_id: 0 } };
  const text = { Sequence: { id: 'A', type_id: 0 } };
  const second = { Sequence: { id: 'B', type_id: 0 } };
  it.each<[string, object, string]>([
    ['merges left out by chance', withModel({ dropout: 0.1 }), 'not_supported'],
    ['a suffix of words', withModel({ end_of_word_suffix: '</w>' }), 'not_supported'],
    ['a fallback to bytes', withModel({ byte_fallback: true }), 'not_supported'],
    ['a normalizer', { ...definition, normalizer: { type: 'NFC' } }, 'not_supported'],
    ['another pre-tokenizer', { ...definition, pre_tokenizer: { type: 'Whitespace' } }, 'not_supported'],
    [
      'no splitting into words',
      { ...definition, pre_tokenizer: { type: 'ByteLevel', use_regex: false } },
      'not_supported',
    ],
    ['merges that are no list', withModel({ merges: {} }), 'model_invalid'],
    ['a merge of three', withModel({ merges: ['a b c'] }), 'model_invalid'],
    ['a merge of numbers', withModel({ merges: [[1, 2]] }), 'model_invalid'],
    ['a merge into no token', withModel({ merges: ['b a'] }), 'model_invalid'],
    ['an unknown token that is unknown', withModel({ unk_token: '<none>' }), 'model_invalid'],
    [
      'no padding',
      { ...withModel({ vocab: { '<unk>': 1 }, merges: [] }), added_tokens: [] },
      'model_invalid',
    ],
    [
      'a template without an end',
      { ...definition, post_processor: template([first, text]) },
      'not_supported',
    ],
    [
      'a template of pairs with the second text first',
      {
        ...definition,
        post_processor: template([first, text, first], [first, second, first, text, first]),
      },
      'not_supported',
    ],
    [
      'a template with a token that it does not define',
      {
        ...definition,
        post_processor: template([first, text, { SpecialToken: { id: '</s>', type_id: 0 } }]),
      },
      'model_invalid',
    ],
    [
      'a template with an id that no token has',
      { ...definition, post_processor: { ...definition.post_processor, sep: ['</s>', tokens.length] } },
      'model_invalid',
    ],
  ])('for %s is refused', (_what, json, code) => {
    expect(() => createTokenizer(json)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
