// The table of token ids: what is written is read, and bytes that are no table are refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/error.ts';
import { decodeTokenTable, encodeTokenTable, TokenTableBuilder } from '../../src/dataset/token-table.ts';

describe('a table of tokens', () => {
  it('gives back any rows', () => {
    const row = fc.record({ ids: fc.array(fc.nat({ max: 30_000 })), label: fc.nat({ max: 999 }) });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const builder = new TokenTableBuilder();
        for (const { ids, label } of rows) builder.add(ids, label);
        const { examples, labels } = decodeTokenTable(encodeTokenTable(builder.finish()));
        expect([...labels]).toEqual(rows.map(({ label }) => label));
        const ids = rows.map((_, index) => [
          ...examples.tokenIds.subarray(examples.offsets[index], examples.offsets[index + 1]),
        ]);
        expect(ids).toEqual(rows.map((written) => written.ids));
      }),
    );
  });

  it('holds more than it has room for at first', () => {
    const builder = new TokenTableBuilder();
    for (let row = 0; row < 5000; row += 1) builder.add([row, row + 1], 0);
    const { examples } = builder.finish();
    expect(examples.tokenIds).toHaveLength(10_000);
    expect(examples.tokenIds[9_999]).toBe(5000);
  });

  it.each([
    ['nothing', []],
    ['a count of rows below zero', [-1, 0]],
    ['more rows than it has', [3, 0, 1]],
    ['another number of ids than its offsets say', [1, 0, 2, 0, 7]],
  ])('that holds %s is refused', (_what, numbers) => {
    expect(() => decodeTokenTable(new Uint8Array(Int32Array.from(numbers).buffer))).toThrow(CodedError);
    expect(() => decodeTokenTable(new Uint8Array(9))).toThrow(CodedError);
  });
});
