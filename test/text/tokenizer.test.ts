// Token ids against Hugging Face's, and what a tokenizer does where that reference is silent.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { tokenizerJsonFromVocabulary } from '../../src/text/vocabulary.ts';

const shared = new URL('../../../shared/', import.meta.url);
const referenceFile = new URL('reference/tokenizer_reference.json', shared);
const modelFolder = new URL('models/minilm-l6-v2/', shared);

interface Reference {
  cases: {
    name: string;
    text: string;
    text_pair: string | null;
    encodings: {
      max_length: number | null;
      padding: string | null;
      input_ids: number[];
      token_type_ids: number[];
    }[];
  }[];
}

describe.skipIf(!existsSync(referenceFile))('the tokenizer of a real model', () => {
  const reference = existsSync(referenceFile)
    ? (JSON.parse(readFileSync(referenceFile, 'utf8')) as Reference)
    : { cases: [] };

  it.each(['tokenizer.json', 'vocab.txt'])('gives every id of the reference from %s', (file) => {
    const content = readFileSync(new URL(file, modelFolder), 'utf8');
    const tokenizer = createTokenizer(file === 'vocab.txt' ? tokenizerJsonFromVocabulary(content) : content);
    let compared = 0;
    for (const { name, text, text_pair, encodings } of reference.cases) {
      for (const encoding of encodings.filter(({ padding }) => padding === null)) {
        const maximumLength = encoding.max_length ?? undefined;
        if (text_pair === null) {
          expect(tokenizer.encode(text, maximumLength), name).toEqual(encoding.input_ids);
        } else {
          const pair = tokenizer.encodePair(text, text_pair, maximumLength);
          expect(pair.tokenIds, name).toEqual(encoding.input_ids);
          expect(pair.tokenTypeIds, name).toEqual(encoding.token_type_ids);
        }
        compared += 1;
      }
    }
    expect(compared).toBe(600);
  });
});

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const small = tokenizerJsonFromVocabulary(
  [...special, 'un', '##able', 'able', '!', 'σ', '中', 'e'].join('\n'),
);

describe('a tokenizer', () => {
  const tokenizer = createTokenizer(small);

  it('knows its size and its special tokens', () => {
    expect(tokenizer).toMatchObject({
      vocabularySize: 12,
      paddingId: 0,
      unknownId: 1,
      classificationId: 2,
      separatorId: 3,
      maskId: 4,
    });
  });

  it('spells words by their longest pieces, and leaves those unknown that it cannot spell', () => {
    expect(tokenizer.encode('UNable unable! unx')).toEqual([2, 5, 6, 5, 6, 8, 1, 3]);
  });

  it('treats Greek capitals, Chinese of every plane, accents and control characters as BERT does', () => {
    expect(tokenizer.encode('Σ')).toEqual([2, 9, 3]);
    expect(tokenizer.encode('中中')).toEqual([2, 10, 10, 3]);
    expect(tokenizer.encode('𠀀é')).toEqual([2, 1, 11, 3]);
    expect(tokenizer.encode('u\u0000n\u200b')).toEqual([2, 5, 3]);
  });

  it('takes special tokens in the text for themselves', () => {
    expect(tokenizer.encode('un[MASK]able[mask]')).toEqual([2, 5, 4, 7, 1, 1, 1, 3]);
  });

  it('takes the longest of the tokens that stand for themselves', () => {
    const definition = structuredClone(small) as { added_tokens: object[] };
    definition.added_tokens.push({ id: 20, content: '[M' }, { id: 21, content: '[MASK]s' });
    expect(createTokenizer(definition).encode('[MASK]s[MASK][M')).toEqual([2, 21, 4, 20, 3]);
  });

  it('cuts the text, never its special tokens', () => {
    expect(tokenizer.encode('un un un un', 4)).toEqual([2, 5, 5, 3]);
    expect(tokenizer.encode('un un un un', 6)).toEqual([2, 5, 5, 5, 5, 3]);
    expect(tokenizer.encodePair('un un un', 'able', 6).tokenIds).toEqual([2, 5, 5, 3, 7, 3]);
  });

  it('gives the same ids when it has seen more words than it remembers', () => {
    const words = Array.from({ length: 60_000 }, (_, word) => `w${word}`).join(' ');
    const before = tokenizer.encode('unable');
    tokenizer.encode(words);
    expect(tokenizer.encode('unable')).toEqual(before);
  });

  it('takes a megabyte of one word without delay', () => {
    const start = performance.now();
    expect(tokenizer.encode('e'.repeat(1_000_000))).toEqual([2, 1, 3]);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('a vocab.txt', () => {
  it('is cased when it holds capitals', () => {
    const cased = createTokenizer(tokenizerJsonFromVocabulary([...special, 'Un', 'un', 'é'].join('\r\n')));
    expect(cased.encode('Un un é')).toEqual([2, 5, 6, 7, 3]);
  });

  it('with a token twice or without a special token is refused', () => {
    expect(() => tokenizerJsonFromVocabulary([...special, 'a', 'a'].join('\n'))).toThrow('line 7');
    expect(() => tokenizerJsonFromVocabulary('[PAD]\n[UNK]\n[CLS]\n[SEP]')).toThrow('[MASK]');
  });
});

describe('a tokenizer.json that cannot be followed', () => {
  const base = JSON.parse(JSON.stringify(small)) as Record<string, Record<string, unknown>>;
  it.each<[object | string, string]>([
    ['{', 'model_invalid'],
    ['[]', 'model_invalid'],
    [{ ...base, model: { ...base['model'], type: 'BPE' } }, 'not_supported'],
    [{ ...base, model: { ...base['model'], vocab: { '[CLS]': 0 } }, added_tokens: [] }, 'model_invalid'],
    [{ ...base, model: { ...base['model'], vocab: { a: 1, b: 1 } } }, 'model_invalid'],
    [{ ...base, model: { ...base['model'], vocab: { a: -1 } } }, 'model_invalid'],
    [{ ...base, model: { ...base['model'], vocab: { a: 2 ** 31 } } }, 'model_invalid'],
    [{ ...base, normalizer: { type: 'Lowercase' } }, 'not_supported'],
    [{ ...base, normalizer: null }, 'not_supported'],
    [{ ...base, pre_tokenizer: { type: 'ByteLevel' } }, 'not_supported'],
    [{ ...base, post_processor: { type: 'RobertaProcessing' } }, 'model_invalid'],
    [{ ...base, post_processor: { type: 'ByteLevel' } }, 'not_supported'],
    [{ ...base, post_processor: null }, 'not_supported'],
    [{ ...base, post_processor: { type: 'TemplateProcessing', single: [] } }, 'not_supported'],
    [{ ...base, added_tokens: [{ content: 'x' }] }, 'model_invalid'],
    [{ ...base, added_tokens: [{ id: 4, content: '' }] }, 'model_invalid'],
  ])('is refused: case %#', (json, code) => {
    expect(() => createTokenizer(json)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the token types of a template', () => {
  type Part = Record<string, { id: string; type_id: number }>;
  const processor = (small as { post_processor: { single: Part[]; pair: Part[] } }).post_processor;
  const withTypes = (name: 'single' | 'pair', types: readonly number[]): object => {
    const template = processor[name].map((part, place) =>
      Object.fromEntries(Object.entries(part).map(([kind, of]) => [kind, { ...of, type_id: types[place] }])),
    );
    return { ...small, post_processor: { ...processor, [name]: template } };
  };

  it('may be 1 from some token after the first text on, or nowhere', () => {
    for (const types of [
      [0, 0, 0, 1, 1],
      [0, 0, 1, 1, 1],
      [0, 0, 0, 0, 1],
      [0, 0, 0, 0, 0],
    ]) {
      const { tokenTypeIds } = createTokenizer(withTypes('pair', types)).encodePair('un', 'able');
      expect(tokenTypeIds).toEqual(types);
    }
  });

  it.each<['single' | 'pair', number[], string]>([
    ['single', [0, 1, 0], 'token type 1 in part 2'],
    ['single', [1, 1, 1], 'token type 1 in part 1'],
    ['pair', [0, 1, 1, 1, 1], 'token type 1 in part 2'],
    ['pair', [0, 0, 1, 0, 0], 'token type 0 in part 4'],
    ['pair', [0, 0, 0, 2, 2], 'token type 2 in part 4'],
  ])('are refused where a model would ignore them: %s %j', (name, types, named) => {
    const read = () => createTokenizer(withTypes(name, types));
    expect(read).toThrow(expect.objectContaining({ code: 'not_supported' }) as Error);
    expect(read).toThrow(named);
  });
});

describe('a tokenizer.json that would stop its worker', () => {
  const withModel = (changes: (model: { vocab: Record<string, number> }) => object): string => {
    const tokenizer = structuredClone(small) as unknown as { model: { vocab: Record<string, number> } };
    return JSON.stringify({ ...tokenizer, model: { ...tokenizer.model, ...changes(tokenizer.model) } });
  };

  it.each<[string, string]>([
    ['words of 1,001 characters', withModel(() => ({ max_input_chars_per_word: 1001 }))],
    [
      'a token of 1,001 characters',
      withModel(({ vocab }) => ({ vocab: { ...vocab, ['a'.repeat(1001)]: 12 } })),
    ],
    [
      '10,001 added tokens',
      JSON.stringify({ ...small, added_tokens: Array(10_001).fill({ id: 5, content: 'un' }) }),
    ],
    ['a prefix of 1,001 characters', withModel(() => ({ continuing_subword_prefix: '#'.repeat(1001) }))],
  ])('with %s is refused', (_what, json) => {
    expect(() => createTokenizer(json)).toThrow(expect.objectContaining({ code: 'model_invalid' }) as Error);
  });

  it('is taken up to those lengths', () => {
    const json = withModel(({ vocab }) => ({
      max_input_chars_per_word: 200,
      vocab: { ...vocab, ['a'.repeat(200)]: 12 },
    }));
    expect(createTokenizer(json).encode('a'.repeat(200))).toEqual([2, 12, 3]);
  });
});
