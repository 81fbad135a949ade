// Masking for pretraining: the shares of the paper, and the same masks for the same address.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noTarget, type Example } from '../../src/text/example-table.ts';
import { maskedPlaces, maskExample } from '../../src/training/masked-language.ts';
import { createKeystream } from '../../src/training/random/keystream.ts';

const vocabulary = { maskId: 4, specialIds: new Set([0, 1, 2, 3, 4]), vocabularySize: 1000 };
const keystream = createKeystream(5, 'masking');

function example(words: readonly number[]): Example {
  const tokenIds = Int32Array.of(2, ...words, 3);
  return { tokenIds, secondStart: Math.ceil(tokenIds.length / 2), targets: Int32Array.of(0) };
}

function wordsOf(length: number): number[] {
  return Array.from({ length }, (_, place) => 5 + ((place * 37) % 995));
}

/** What became of a word that was chosen. */
type Fate = 'mask' | 'other' | 'kept';

function fatesOf(original: Example, masked: Example): Fate[] {
  return maskedPlaces(masked).map((place) => {
    const id = masked.tokenIds[place]!;
    if (id === vocabulary.maskId) return 'mask';
    return id === original.tokenIds[place] ? 'kept' : 'other';
  });
}

describe('masking', () => {
  it('has the word as target where it is chosen, none elsewhere, and changes nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 5, max: 999 }), { maxLength: 60 }),
        fc.nat(),
        fc.nat(),
        (words, epoch, index) => {
          const original = example(words);
          const before = original.tokenIds.slice();
          const masked = maskExample(original, vocabulary, keystream, epoch, index);
          expect(original.tokenIds).toEqual(before);
          expect(masked.secondStart).toBe(original.secondStart);
          expect(masked.targets).toHaveLength(before.length);
          masked.targets.forEach((target, place) => {
            if (target === noTarget) expect(masked.tokenIds[place]).toBe(before[place]);
            else expect(target).toBe(before[place]);
          });
          const places = maskedPlaces(masked);
          expect(places.every((place) => !vocabulary.specialIds.has(before[place]!))).toBe(true);
          expect(places.length > 0).toBe(words.length > 0);
          expect(places.every((place) => masked.tokenIds[place]! < vocabulary.vocabularySize)).toBe(true);
        },
      ),
    );
  });

  it.each([7, 10, 40, 61])('chooses 15 %% of the words of examples with %i', (length) => {
    const draws = 4000;
    let chosen = 0;
    for (let index = 0; index < draws; index++)
      chosen += maskedPlaces(maskExample(example(wordsOf(length)), vocabulary, keystream, 0, index)).length;
    const expected = Math.max(1, length * 0.15);
    // Each number is rounded up or down at random: five standard deviations of the mean.
    expect(Math.abs(chosen / draws - expected)).toBeLessThan((5 * 0.5) / Math.sqrt(draws));
  });

  it('chooses every place as often as another', () => {
    const counts = new Float64Array(22);
    const draws = 6000;
    for (let index = 0; index < draws; index++)
      for (const place of maskedPlaces(maskExample(example(wordsOf(20)), vocabulary, keystream, 0, index)))
        counts[place]! += 1;
    expect([counts[0], counts[21]]).toEqual([0, 0]);
    const deviation = Math.sqrt(draws * 0.15 * 0.85);
    for (const count of counts.subarray(1, 21))
      expect(Math.abs(count - draws * 0.15)).toBeLessThan(5 * deviation);
  });

  it('masks 80 % of what it chooses, puts another word in place of 10 %, and keeps 10 %', () => {
    const fates: Fate[] = [];
    for (let index = 0; index < 3000; index++) {
      const original = example(wordsOf(30));
      fates.push(...fatesOf(original, maskExample(original, vocabulary, keystream, 1, index)));
    }
    for (const [fate, share] of [
      ['mask', 0.8],
      ['other', 0.1],
      ['kept', 0.1],
    ] as const) {
      const found = fates.filter((one) => one === fate).length / fates.length;
      const deviation = Math.sqrt((share * (1 - share)) / fates.length);
      expect(Math.abs(found - share), fate).toBeLessThan(5 * deviation);
    }
  });

  it('puts any word but a special one in place of another', () => {
    const small = { maskId: 4, specialIds: vocabulary.specialIds, vocabularySize: 9 };
    const put = new Set<number>();
    for (let index = 0; index < 2000; index++) {
      const masked = maskExample(example([500, 501, 502, 503, 504, 505, 506]), small, keystream, 0, index);
      for (const place of maskedPlaces(masked))
        if (masked.tokenIds[place]! < 500) put.add(masked.tokenIds[place]!);
    }
    expect([...put].sort()).toEqual([4, 5, 6, 7, 8]);
  });

  it('is the same for the same seed, epoch and index, and another for any other', () => {
    const original = example(wordsOf(60));
    const masked = (seed: number, epoch: number, index: number): string => {
      const { tokenIds, targets } = maskExample(
        original,
        vocabulary,
        createKeystream(seed, 'masking'),
        epoch,
        index,
      );
      return `${String(tokenIds)} ${String(targets)}`;
    };
    expect(masked(1, 2, 3)).toBe(masked(1, 2, 3));
    const all = [masked(1, 2, 3), masked(2, 2, 3), masked(1, 3, 3), masked(1, 2, 4)];
    expect(new Set(all).size).toBe(all.length);
  });
});
