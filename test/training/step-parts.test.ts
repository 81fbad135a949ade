// The parts of a step: every example in one, in order, none too large; and whether any step needs several.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleTableOf, type Example } from '../../src/text/example-table.ts';
import { needsParts, stepParts } from '../../src/training/step-parts.ts';

const mostTokens = 2048;

function examplesOf(lengths: readonly number[]): Example[] {
  return lengths.map((length) => ({
    tokenIds: new Int32Array(length).fill(5),
    secondStart: length,
    targets: Int32Array.of(0),
  }));
}

const lengths = fc.array(fc.integer({ min: 1, max: 512 }), { minLength: 1, maxLength: 60 });

describe('the parts of a step', () => {
  it('hold its examples in order, as many to a part as its tokens allow', () => {
    fc.assert(
      fc.property(lengths, (all) => {
        const examples = examplesOf(all);
        const parts = stepParts(examples);
        expect(parts.flat()).toEqual(examples);
        const tokens = parts.map((part) => part.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0));
        tokens.forEach((count, index) => {
          expect(count).toBeLessThanOrEqual(mostTokens);
          const next = parts[index + 1]?.[0];
          if (next !== undefined) expect(count + next.tokenIds.length).toBeGreaterThan(mostTokens);
        });
      }),
    );
  });

  it('hold one example alone where that has more', () => {
    const parts = stepParts(examplesOf([10, 3000, 10]));
    expect(parts.map((part) => part.map(({ tokenIds }) => tokenIds.length))).toEqual([[10], [3000], [10]]);
  });

  it('are needed exactly where some order of the examples gives a step more than one', () => {
    const recipe = { batchSize: 4, gradientAccumulation: 2 };
    fc.assert(
      fc.property(lengths, (all) => {
        const longest = [...all].sort((a, b) => b - a).slice(0, 8);
        const several = stepParts(examplesOf(longest)).length > 1;
        expect(needsParts(exampleTableOf(examplesOf(all), 'class'), recipe)).toBe(several);
      }),
    );
  });
});
