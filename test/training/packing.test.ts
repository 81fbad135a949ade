// Packing: every token in a place of its own, hardly any padding, and never dearer than padding to the longest.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packingCost, packSequences, type PackingCost } from '../../src/training/packing.ts';
import { createKeystream, wordReader } from '../../src/training/random/keystream.ts';
import { tinyConfig } from './tiny-task.ts';

const minilm = { ...tinyConfig, hiddenSize: 384, intermediateSize: 1536, heads: 12 };
const cost = packingCost(minilm);

function costOf({ linear, attention }: PackingCost, rows: number, width: number): number {
  return rows * width * (linear + attention * width);
}

const batches = fc.array(fc.integer({ min: 1, max: 128 }), { minLength: 1, maxLength: 40 });

describe('a packing', () => {
  it('has a place of its own for each token, within the width of a row', () => {
    fc.assert(
      fc.property(batches, (lengths) => {
        const { rows, width, row, start } = packSequences(Int32Array.from(lengths), cost);
        const taken = new Uint8Array(rows * width);
        lengths.forEach((length, sequence) => {
          expect(row[sequence]).toBeLessThan(rows);
          expect(start[sequence]! + length).toBeLessThanOrEqual(width);
          for (let place = 0; place < length; place++)
            taken[row[sequence]! * width + start[sequence]! + place]! += 1;
        });
        expect(taken.every((count) => count <= 1)).toBe(true);
        expect(taken.reduce((sum, count) => sum + count, 0)).toBe(lengths.reduce((sum, x) => sum + x, 0));
      }),
    );
  });

  it('is the same for the same lengths', () => {
    fc.assert(
      fc.property(batches, (lengths) => {
        const once = packSequences(Int32Array.from(lengths), cost);
        expect(packSequences(Int32Array.from(lengths), cost)).toEqual(once);
      }),
    );
  });

  it('is never dearer than padding to the longest, up to the largest batch', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 1024, size: 'max' });
    const equal = fc
      .tuple(fc.integer({ min: 1, max: 1024 }), fc.integer({ min: 1, max: 512 }))
      .map(([count, length]) => Array.from({ length: count }, () => length));
    const costs = fc.constantFrom(cost, packingCost(tinyConfig), { linear: 1, attention: 1000 });
    fc.assert(
      fc.property(fc.oneof(sizes, equal), costs, (lengths, ofModel) => {
        const { rows, width } = packSequences(Int32Array.from(lengths), ofModel);
        const padded = costOf(ofModel, lengths.length, Math.max(...lengths));
        expect(costOf(ofModel, rows, width)).toBeLessThanOrEqual(padded);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps long sequences apart where attention over a wider row would cost more than it saves', () => {
    const lengths = new Int32Array(8).fill(512);
    expect(packSequences(lengths, cost)).toMatchObject({ rows: 8, width: 512 });
    expect(packSequences(lengths, { linear: 1, attention: 0 }).rows * 512).toBeLessThanOrEqual(8 * 512);
  });

  it('computes at most 3 % padding on batches of 32 sentences of 3 to 60 tokens', () => {
    // Log-normal with a median of 10 words, as short reviews have; two tokens frame each.
    const next = wordReader(createKeystream(4, 'lengths'), 0, 0);
    const uniform = (): number => (next() + 0.5) / 2 ** 32;
    const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    let slots = 0;
    let tokens = 0;
    let padded = 0;
    for (let batch = 0; batch < 200; batch++) {
      const lengths = Int32Array.from({ length: 32 }, () =>
        Math.min(60, 2 + Math.max(1, Math.round(10 * Math.exp(0.65 * normal())))),
      );
      const { rows, width } = packSequences(lengths, cost);
      slots += rows * width;
      tokens += lengths.reduce((sum, length) => sum + length, 0);
      padded += 32 * Math.max(...lengths);
    }
    expect(slots / tokens - 1).toBeLessThanOrEqual(0.03);
    expect(padded / tokens - 1).toBeGreaterThan(1);
  });
});
