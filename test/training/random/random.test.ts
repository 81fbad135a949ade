// Random numbers from counters: the same address gives the same, another gives another, and the shares are right.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillDropoutMask } from '../../../src/training/random/dropout-mask.ts';
import { createKeystream, wordReader } from '../../../src/training/random/keystream.ts';
import { fillNormal, fillUniform } from '../../../src/training/random/normal.ts';
import { permutation } from '../../../src/training/random/permutation.ts';

function bytes(seed: number, purpose: string, high: number, low: number, count = 64): Uint8Array {
  const target = new Uint8Array(count);
  createKeystream(seed, purpose).fill(high, low, target);
  return target;
}

describe('a keystream', () => {
  it('gives the same bytes for the same address, however many are asked for', () => {
    expect(bytes(1, 'x', 2, 3, 200_000).subarray(0, 64)).toEqual(bytes(1, 'x', 2, 3));
  });

  it('gives other bytes for another seed, purpose, or address', () => {
    const all = [
      bytes(1, 'x', 2, 3),
      bytes(2, 'x', 2, 3),
      bytes(1, 'y', 2, 3),
      bytes(1, 'x', 3, 3),
      bytes(1, 'x', 2, 4),
    ];
    expect(new Set(all.map(String)).size).toBe(all.length);
  });

  it('is read as words of four bytes, the least first', () => {
    const next = wordReader(createKeystream(5, 'words'), 2, 3);
    const read = Buffer.from(bytes(5, 'words', 2, 3));
    for (let word = 0; word < 16; word++) expect(next()).toBe(read.readUInt32LE(4 * word));
  });

  it('is read as words without a gap or repeat where a block ends', () => {
    const keystream = createKeystream(5, 'words');
    const short = wordReader(keystream, 0, 0, 4);
    const long = wordReader(keystream, 0, 0, 1024);
    const read = (next: () => number): number[] => Array.from({ length: 100 }, next);
    expect(read(short)).toEqual(read(long));
  });
});

describe('a permutation', () => {
  it('holds every number once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (count, seed) => {
          const order = permutation(createKeystream(seed, 'order'), 0, count);
          expect([...order].sort((a, b) => a - b)).toEqual(
            Array.from({ length: count }, (_, index) => index),
          );
        },
      ),
    );
  });

  it('favours no order: each of the six of three things comes up as often', () => {
    const keystream = createKeystream(3, 'order');
    const counts = new Map<string, number>();
    const draws = 6000;
    for (let index = 0; index < draws; index++) {
      const order = String(permutation(keystream, index, 3));
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Five standard deviations of a share of 1/6.
    for (const count of counts.values())
      expect(Math.abs(count - draws / 6)).toBeLessThan(5 * Math.sqrt(draws * (1 / 6) * (5 / 6)));
  });
});

describe('a dropout mask', () => {
  const elements = 1 << 20;
  const mask = (probability: number, step = 1, site = 0, seed = 1): Uint8Array => {
    const target = new Uint8Array(elements);
    fillDropoutMask(createKeystream(seed, 'dropout'), step, site, probability, target);
    return target;
  };
  const dropped = (target: Uint8Array): number => target.reduce((count, kept) => count + 1 - kept, 0);

  it.each([0.001, 0.1, 0.25, 0.333, 0.5, 0.9, 0.999])('drops a share of %d', (probability) => {
    const deviation = Math.sqrt((probability * (1 - probability)) / elements);
    expect(Math.abs(dropped(mask(probability)) / elements - probability)).toBeLessThan(5 * deviation);
  });

  it('tells probabilities apart that share the same whole part of 256 p', () => {
    const shares = [0.0986, 0.1, 0.1013].map((probability) => dropped(mask(probability)) / elements);
    // The byte alone would give the same share to all three; the differences are sure to within 2e-4.
    expect(shares[1]! - shares[0]!).toBeCloseTo(0.0014, 3);
    expect(shares[1]! - shares[0]!).toBeGreaterThan(0.001);
    expect(shares[2]! - shares[1]!).toBeGreaterThan(0.001);
  });

  /** The definition, a byte at a time: keep above the whole part of 256 p, where it is met ask a further word. */
  const byBytes = (
    probability: number,
    step: number,
    site: number,
    seed: number,
    count: number,
  ): Uint8Array => {
    const keystream = createKeystream(seed, 'dropout');
    const drawn = new Uint8Array(count);
    keystream.fill(step, site, drawn);
    const tieWord = wordReader(keystream, step, site + 2 ** 31);
    const threshold = Math.floor(probability * 256);
    const remainder = Math.round((probability * 256 - threshold) * 2 ** 32);
    return drawn.map((byte) => {
      if (byte === threshold) return tieWord() < remainder ? 0 : 1;
      return byte > threshold ? 1 : 0;
    });
  };

  it('is what its bytes say one at a time, at any length', () => {
    const lengths = [...Array.from({ length: 10 }, (_, length) => length), 32_767, 32_768, 32_769, 70_003];
    for (const length of lengths)
      for (const probability of [0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.999])
        for (const seed of length < 10 ? [1, 2, 3, 4, 5] : [1]) {
          const target = new Uint8Array(length + 2).fill(7);
          const keystream = createKeystream(seed, 'dropout');
          fillDropoutMask(keystream, 3, 2, probability, target.subarray(1, length + 1));
          const expected = byBytes(probability, 3, 2, seed, length);
          expect(target.subarray(1, length + 1)).toEqual(expected);
          expect([target[0], target[length + 1]]).toEqual([7, 7]);
        }
  });

  it('asks a further word exactly where a byte meets the threshold', () => {
    // A quarter needs no further word to be exact: 256 p is whole, so what meets it is kept.
    const drawn = new Uint8Array(elements);
    createKeystream(1, 'dropout').fill(1, 0, drawn);
    const quarter = mask(0.25);
    expect(drawn.every((byte, index) => quarter[index] === (byte >= 64 ? 1 : 0))).toBe(true);
    const more = mask(0.252);
    const differing = drawn.filter((_, index) => more[index] !== quarter[index]);
    expect(new Set(differing)).toEqual(new Set([64]));
    expect(differing.length).toBeGreaterThan(0);
  });

  it('holds nothing but 0 and 1, and drops nothing at 0', () => {
    expect(new Set(mask(0.4))).toEqual(new Set([0, 1]));
    expect(dropped(mask(0))).toBe(0);
  });

  it('is the same for the same step, site and seed and another for any other', () => {
    const reference = mask(0.5);
    expect(mask(0.5)).toEqual(reference);
    for (const other of [mask(0.5, 2), mask(0.5, 1, 1), mask(0.5, 1, 0, 2)]) {
      const differing = other.reduce((count, kept, index) => count + (kept === reference[index] ? 0 : 1), 0);
      expect(differing / elements).toBeCloseTo(0.5, 2);
    }
  });
});

describe('normal numbers', () => {
  it('have the mean, deviation and tails of the normal distribution', async () => {
    const count = 200_001;
    const values = new Float32Array(count);
    await fillNormal(createKeystream(9, 'normal'), values, 0.02);
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    const outside = values.filter((value) => Math.abs(value) > 0.04).length / count;
    expect(Math.abs(mean)).toBeLessThan((5 * 0.02) / Math.sqrt(count));
    expect(Math.sqrt(variance) / 0.02).toBeCloseTo(1, 2);
    expect(outside).toBeCloseTo(0.0455, 2);
    expect(values.every(Number.isFinite)).toBe(true);
  });
});

describe('even numbers', () => {
  it('fill the range between both bounds evenly and never leave it', () => {
    const count = 200_000;
    const values = new Float32Array(count);
    fillUniform(createKeystream(9, 'uniform'), values, 0.25);
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    expect(
      Math.max(...[0, 1].map((half) => values.filter((value) => value > 0 === (half === 1)).length)),
    ).toBeLessThan(count / 2 + 5 * Math.sqrt(count / 4));
    expect(values.every((value) => Math.abs(value) <= 0.25)).toBe(true);
    expect(Math.abs(mean)).toBeLessThan((5 * 0.25) / Math.sqrt(3 * count));
    expect(variance / (0.25 ** 2 / 3)).toBeCloseTo(1, 2);
  });
});
