// Every kind of tokenizer id for id against Hugging Face's library, on texts that are hard for one or the other.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../src/text/tokenizer.ts';

/** Written by scripts/reference/generate-tokenizers.py. */
interface Reference {
  cases: {
    texts: [text: string, limit: number | null][];
    pairs: [first: string, second: string, limit: number | null][];
    words: [words: string[], limit: number | null][];
  };
  tokenizers: Record<string, Expectations>;
}

interface Expectations {
  tokenizerJson: object;
  texts: number[][];
  pairs: [ids: number[], types: string][];
  words: [ids: number[], wordOf: number[]][];
}

const file = new URL('../reference/tokenizers.json', import.meta.url);
const { cases, tokenizers } = JSON.parse(readFileSync(file, 'utf8')) as Reference;

describe.each(Object.entries(tokenizers))('the tokenizer %s', (_name, expected) => {
  const tokenizer = createTokenizer(expected.tokenizerJson);

  it('gives the ids of every text', () => {
    const found = cases.texts.map(([text, limit]) => [
      text,
      limit,
      tokenizer.encode(text, limit ?? undefined),
    ]);
    expect(found).toEqual(cases.texts.map(([text, limit], index) => [text, limit, expected.texts[index]]));
  });

  it('gives ids and types of every pair', () => {
    const found = cases.pairs.map(([first, second, limit]) => {
      const { tokenIds, tokenTypeIds } = tokenizer.encodePair(first, second, limit ?? undefined);
      return [first, second, limit, tokenIds, tokenTypeIds.join('')];
    });
    expect(found).toEqual(cases.pairs.map((given, index) => [...given, ...(expected.pairs[index] ?? [])]));
  });

  it('gives ids of words, and the word of each', () => {
    const found = cases.words.map(([words, limit]) => {
      const { tokenIds, wordOf } = tokenizer.encodeWords(words, limit ?? undefined);
      return [words, limit, tokenIds, wordOf];
    });
    expect(found).toEqual(cases.words.map((given, index) => [...given, ...(expected.words[index] ?? [])]));
  });

  it('writes its tokens as their vocabulary does', () => {
    const { model } = expected.tokenizerJson as { model: { vocab: Record<string, number> } };
    const written = Object.values(model.vocab).map((id) => [tokenizer.tokenText(id), id]);
    expect(written).toEqual(Object.entries(model.vocab));
    expect(tokenizer.tokenText(tokenizer.vocabularySize)).toBeUndefined();
  });
});

describe('the tokenizer of Hugging Face', () => {
  it('was asked over 200 times of each kind', () => {
    expect(Object.keys(tokenizers)).toEqual(['bytes', 'bytesPrefixed', 'cased', 'uncased']);
    expect(cases.texts.length + cases.pairs.length + cases.words.length).toBeGreaterThan(200);
  });
});
