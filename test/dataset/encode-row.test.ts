// What becomes of a row that the file of rows cannot hold as it was read.
import { expect, it } from 'vitest';
import { rowEncoder } from '../../src/dataset/encode-row.ts';

it('makes of a negative zero what its row, which is JSON, says: zero', () => {
  const tokenizer = {
    encode: () => [1],
    encodePair: () => ({ tokenIds: [1], tokenTypeIds: [0] }),
    encodeWords: () => ({ tokenIds: [1], wordOf: [0] }),
  };
  const encode = rowEncoder({ task: 'regression', names: [] }, tokenizer, 8);
  const row = { index: 0, line: 1, text: 'a', textPair: undefined, words: undefined };
  const targetsOf = (label: string) => encode({ ...row, labels: [label] })?.example.targets;
  expect(targetsOf('-0')).toEqual(Int32Array.of(0));
  expect(targetsOf('-1')).not.toEqual(targetsOf('1'));
});
