// Stored predictions: for every task a line a row, which is read back as it was.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { predictionLines, readPredictions, type Predictions } from '../../src/dataset/predictions.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'predictions-'));
const blobs = new BlobStore(new DirectoryStore(folder), '');
afterAll(() => rmSync(folder, { recursive: true }));

const labelNames = ['a', 'b', 'c'];
const losses = Float32Array.of(0.1, 2);

async function stored(predictions: Predictions) {
  const found = [];
  for await (const row of readPredictions(blobs, await blobs.putStream(predictionLines(predictions))))
    found.push(row);
  return found;
}

describe('the stored predictions', () => {
  it('of classes name the class and keep the logits to the bit', async () => {
    const logits = Float32Array.of(0.1, 0.2, 0.3, 3, 2, 1 / 3);
    const found = await stored({
      labelNames,
      labels: Int32Array.of(2, 1),
      predicted: Int32Array.of(2, 0),
      logits,
      losses,
    });
    expect(found).toMatchObject([
      { row: 0, label: 'c', predicted: 'c' },
      { row: 1, label: 'b', predicted: 'a' },
    ]);
    expect(Float32Array.from(found.flatMap((row) => row.logits))).toEqual(logits);
    expect(Float32Array.from(found, ({ loss }) => loss)).toEqual(losses);
  });

  it('of a regression are numbers', async () => {
    const [labels, predicted] = [Float32Array.of(1.5, -2), Float32Array.of(1.25, 0.5)];
    expect(await stored({ task: 'regression', labels, predicted, losses })).toMatchObject([
      { row: 0, label: 1.5, predicted: 1.25, logits: [1.25] },
      { row: 1, label: -2, predicted: 0.5, logits: [0.5] },
    ]);
  });

  it('of several labels are lists of names, which may be empty', async () => {
    const predictions = {
      task: 'multiLabel',
      labelNames,
      labels: Uint8Array.of(1, 0, 1, 0, 0, 0),
      predicted: Uint8Array.of(0, 1, 1, 0, 0, 1),
      logits: Float32Array.of(-1, 1, 2, -3, -4, 5),
      losses,
    } as const;
    expect(await stored(predictions)).toMatchObject([
      { label: ['a', 'c'], predicted: ['b', 'c'], logits: [-1, 1, 2] },
      { label: [], predicted: ['c'], logits: [-3, -4, 5] },
    ]);
  });

  it('of words are a name for each word of the row', async () => {
    const predictions = {
      task: 'tokenClassification',
      labelNames,
      labels: Int32Array.of(0, 1, 2),
      predicted: Int32Array.of(0, 0, 2),
      offsets: Int32Array.of(0, 2, 3),
      losses,
    } as const;
    expect(await stored(predictions)).toMatchObject([
      { label: ['a', 'b'], predicted: ['a', 'a'], logits: [] },
      { label: ['c'], predicted: ['c'] },
    ]);
  });
});
