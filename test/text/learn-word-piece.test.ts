// Learned vocabularies: no larger than asked, the same every time, and able to spell what they were learned from.
import { describe, expect, it } from 'vitest';
import { WordPieceLearner } from '../../src/text/learn-word-piece.ts';
import { mergePieces } from '../../src/text/merge-pieces.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';

const sentences = [
  'The card was declined again!',
  'my new card has not arrived',
  'Why was my CARD payment declined?',
];
const texts = Array.from({ length: 60 }, (_, row) => `${sentences[row % 3]} ${row}`);

function learnWordPiece(
  from: Iterable<string>,
  options: { readonly vocabularySize: number },
): Promise<object> {
  const learner = new WordPieceLearner();
  for (const text of from) learner.add(text);
  return learner.finish(options);
}

function vocabularyOf(tokenizerJson: object): string[] {
  const { model } = tokenizerJson as { model: { vocab: Record<string, number> } };
  const tokens = Object.entries(model.vocab);
  expect(tokens.map(([, id]) => id).sort((left, right) => left - right)).toEqual([...tokens.keys()]);
  return tokens.sort(([, left], [, right]) => left - right).map(([token]) => token);
}

/** The most frequent pairs by counting everything anew before each merge. */
function mergeSlowly(words: { pieces: string[]; count: number }[], maximum: number): string[] {
  const made: string[] = [];
  while (made.length < maximum) {
    const counts = new Map<string, number>();
    for (const { pieces, count } of words) {
      for (let place = 0; place + 1 < pieces.length; place += 1) {
        const pair = `${pieces[place]!} ${pieces[place + 1]!}`;
        counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    }
    const [best] = [...counts].sort(([left, first], [right, second]) => {
      const [a, b] = [left.split(' '), right.split(' ')];
      return second - first || (a[0] !== b[0] ? (a[0]! < b[0]! ? -1 : 1) : a[1]! < b[1]! ? -1 : 1);
    });
    if (best === undefined || best[1] < 2) break;
    const [left = '', right = ''] = best[0].split(' ');
    const piece = left + right.slice(2);
    for (const { pieces } of words) {
      for (let place = 0; place + 1 < pieces.length; place += 1) {
        if (pieces[place] === left && pieces[place + 1] === right) pieces.splice(place, 2, piece);
      }
    }
    if (!made.includes(piece)) made.push(piece);
  }
  return made;
}

describe('a learned vocabulary', () => {
  it('begins with the special tokens and is never larger than asked', async () => {
    for (const vocabularySize of [5, 20, 60, 100, 100_000]) {
      const vocabulary = vocabularyOf(await learnWordPiece(texts, { vocabularySize }));
      expect(vocabulary.slice(0, 5)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']);
      expect(vocabulary.length).toBeLessThanOrEqual(vocabularySize);
      if (vocabularySize === 60) expect(vocabulary).toHaveLength(60);
    }
  });

  it('is the same bytes for the same texts, and for the texts in another order', async () => {
    const learned = JSON.stringify(await learnWordPiece(texts, { vocabularySize: 80 }));
    expect(JSON.stringify(await learnWordPiece(texts, { vocabularySize: 80 }))).toBe(learned);
    expect(JSON.stringify(await learnWordPiece(texts.toReversed(), { vocabularySize: 80 }))).toBe(learned);
    expect(JSON.stringify(await learnWordPiece(texts.slice(1), { vocabularySize: 80 }))).not.toBe(learned);
  });

  it('spells every word it was learned from, the frequent ones as one piece', async () => {
    const tokenizer = createTokenizer(await learnWordPiece(texts, { vocabularySize: 120 }));
    for (const text of texts) expect(tokenizer.encode(text)).not.toContain(tokenizer.unknownId);
    expect(tokenizer.encode('card declined')).toHaveLength(4);
    expect(tokenizer.encode('dcard')).not.toContain(tokenizer.unknownId);
  });

  it('leaves out words over 100 characters', async () => {
    const learned = await learnWordPiece([...texts, 'z'.repeat(101), 'z'.repeat(101)], {
      vocabularySize: 1000,
    });
    expect(vocabularyOf(learned).some((token) => token.includes('z'))).toBe(false);
  });

  it('keeps the frequent words when there are more than it may count', async () => {
    const learner = new WordPieceLearner(100);
    learner.add('quay');
    for (let row = 0; row < 5000; row += 1) learner.add(`frequent zebra x${row}`);
    const tokenizer = createTokenizer(await learner.finish({ vocabularySize: 200 }));
    expect(tokenizer.encode('frequent zebra')).toHaveLength(4);
    expect(tokenizer.encode('frequent zebra')).not.toContain(tokenizer.unknownId);
    expect(tokenizer.encode('quay')).toEqual([2, tokenizer.unknownId, 3]);
  });

  it('of no text holds the special tokens', async () => {
    expect(vocabularyOf(await learnWordPiece([], { vocabularySize: 100 }))).toHaveLength(5);
  });
});

describe('the learning of a vocabulary', () => {
  const learnerOfMany = (): WordPieceLearner => {
    const learner = new WordPieceLearner();
    for (let word = 0; word < 12_000; word += 1) learner.add((word * 7919).toString(36).repeat(2));
    return learner;
  };

  it('lets timers run and tells of its progress while it computes', async () => {
    let ticks = 0;
    let reports = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await learnerOfMany().finish({ vocabularySize: 3000, onProgress: () => (reports += 1) });
    clearInterval(timer);
    expect(reports).toBeGreaterThan(1);
    expect(ticks).toBeGreaterThan(1);
  });

  it('ends with what its report throws', async () => {
    const onProgress = (): never => {
      throw new Error('stop');
    };
    await expect(learnerOfMany().finish({ vocabularySize: 3000, onProgress })).rejects.toThrow('stop');
  });
});

describe('the merging of pieces', () => {
  it('is what counting all pairs anew before each merge gives', async () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 30; round += 1) {
      const words = Array.from({ length: 25 }, () => ({
        pieces: Array.from(
          { length: 1 + random(9) },
          (_, place) => `${place === 0 ? '' : '##'}${'abc'[random(3)]!}`,
        ),
        count: 1 + random(6),
      }));
      const copy = structuredClone(words);
      expect(await mergePieces(words, 40, () => false)).toEqual(mergeSlowly(copy, 40));
    }
  });
});
