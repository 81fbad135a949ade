// The evaluated rows: in the order of the split or the worst first, in pages that fit together.
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Value } from 'typebox/value';
import { buildSnapshot } from '../../src/dataset/build-snapshot.ts';
import { predictionLines, type Predictions } from '../../src/dataset/predictions.ts';
import type { AskedTask } from '../../src/experiment/spec.ts';
import { evaluationRowsPage } from '../../src/http/schemas/evaluation-rows.ts';
import { beginTraining, call, expectProblem, startService, type Service } from './fixture.ts';

let service: Service;
let path: string;

const texts = ['one', 'two', 'three', 'four', 'five'];
const losses = [0.25, 2, 0.5, 2, 0.125];

/** Stores an experiment evaluated on rows with a `label`, with these predictions; returns the path of its rows. */
async function evaluated(
  rows: readonly object[],
  predictions: Predictions,
  mapping: { readonly task: AskedTask; readonly textPairField?: string } = { task: 'auto' },
): Promise<string> {
  const { blobs, repositories } = service;
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const source = (name: string) => ({
    name,
    format: 'jsonl' as const,
    open: () => Promise.resolve(Readable.from([Buffer.from(lines)])),
  });
  const { sha256: snapshotSha256 } = await buildSnapshot({
    splits: [source('train'), source('test')],
    mapping: {
      ...mapping,
      textField: 'text',
      labelField: 'label',
      trainSplit: 'train',
      shuffleBeforeSelect: false,
      seed: 1,
      maxSequenceLength: 8,
    },
    blobs,
    directory: tmpdir(),
    prepareTokenizer: () =>
      Promise.resolve({
        tokenizerJson: '{}',
        encode: () => [2, 3],
        encodePair: () => ({ tokenIds: [2, 3, 3], tokenTypeIds: [0, 0, 1] }),
        encodeWords: (words) => ({
          tokenIds: [2, ...words.map(() => 4), 3],
          wordOf: [-1, ...words.keys(), -1],
        }),
      }),
  });
  const stored = await blobs.putStream(predictionLines(predictions));
  const report = await blobs.putBytes(Buffer.from(JSON.stringify({ snapshotSha256, predictions: stored })));
  const holder = await beginTraining(service);
  await repositories.results.setEvaluation(holder, { metrics: {}, reportSha256: report.sha256 });
  return `/experiments/${holder.experimentId}/evaluation/rows`;
}

beforeAll(async () => {
  service = await startService();
  path = await evaluated(
    texts.map((text, row) => ({ text, label: String(row % 2) })),
    {
      labelNames: ['0', '1'],
      labels: Int32Array.of(0, 1, 0, 1, 0),
      predicted: Int32Array.of(0, 0, 0, 0, 0),
      logits: Float32Array.of(1, 0, 3, 1, 0.5, 0, 4, 2, 2, 0),
      losses: Float32Array.from(losses),
    },
  );
});

afterAll(() => service.stop());

interface Page {
  readonly items: readonly { readonly row: number; readonly text: string; readonly loss: number }[];
  readonly nextCursor: string | null;
}

async function pages(query: string): Promise<Page[]> {
  const found: Page[] = [];
  let cursor: string | null = null;
  do {
    const next: string = cursor === null ? '' : `&cursor=${cursor}`;
    const page: Page = (await call(service, 'GET', `${path}?${query}${next}`)).json<Page>();
    expect(Value.Errors(evaluationRowsPage, page)).toEqual([]);
    found.push(page);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
}

const rowsOf = (found: readonly Page[]): number[][] => found.map(({ items }) => items.map(({ row }) => row));

describe('evaluated rows', () => {
  it('come in the order of the split with text, label, prediction and loss', async () => {
    const [page, ...more] = await pages('limit=1000');
    expect(more).toEqual([]);
    expect(page?.items.map(({ text, loss }) => [text, loss])).toEqual(
      texts.map((text, row) => [text, losses[row]]),
    );
    expect(page?.items[1]).toEqual({
      row: 1,
      text: 'two',
      label: '1',
      predicted: '0',
      logits: [3, 1],
      loss: 2,
    });
    expect(await pages('limit=5')).toEqual([page]);
    expect(rowsOf(await pages('limit=2'))).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('come the worst first with sort=-loss, each once over all pages, equal losses in the order of the split', async () => {
    const found = await pages('sort=-loss&limit=2');
    expect(rowsOf(found)).toEqual([[1, 3], [2, 0], [4]]);
    expect(found[0]?.items.map(({ text }) => text)).toEqual(['two', 'four']);
  });

  it('are refused in an order that there is not, with a cursor that is none, and before there are any', async () => {
    expectProblem(await call(service, 'GET', `${path}?sort=loss`), 400, 'invalid_request', ['/sort']);
    expectProblem(await call(service, 'GET', `${path}?cursor=none`), 400, 'invalid_request');
    const { experimentId } = await beginTraining(service);
    expectProblem(
      await call(service, 'GET', `/experiments/${experimentId}/evaluation/rows`),
      409,
      'not_ready',
    );
    expectProblem(await call(service, 'GET', '/experiments/exp_none/evaluation/rows'), 404, 'not_found');
  });

  it('have what their task predicts: a number, names, or a name for each word; of pairs both texts', async () => {
    const itemsOf = async (where: string): Promise<unknown[]> => {
      const page = (await call(service, 'GET', where)).json<Page>();
      expect(Value.Errors(evaluationRowsPage, page)).toEqual([]);
      return [...page.items];
    };
    const ofPairs = await evaluated(
      [
        { text: 'a', other: 'b', label: 0.5 },
        { text: 'c', other: 'd', label: 2 },
      ],
      {
        task: 'regression',
        labels: Float32Array.of(0.5, 2),
        predicted: Float32Array.of(1, 2),
        losses: Float32Array.of(0.25, 0),
      },
      { task: 'regression', textPairField: 'other' },
    );
    expect(await itemsOf(ofPairs)).toEqual([
      { row: 0, text: 'a', textPair: 'b', label: 0.5, predicted: 1, logits: [1], loss: 0.25 },
      { row: 1, text: 'c', textPair: 'd', label: 2, predicted: 2, logits: [2], loss: 0 },
    ]);
    const ofNames = await evaluated(
      [{ text: 'a', label: ['x', 'y'] }],
      {
        task: 'multiLabel',
        labelNames: ['x', 'y'],
        labels: Uint8Array.of(1, 1),
        predicted: Uint8Array.of(0, 1),
        logits: Float32Array.of(-1, 2),
        losses: Float32Array.of(0.5),
      },
      { task: 'multiLabel' },
    );
    expect(await itemsOf(ofNames)).toEqual([
      { row: 0, text: 'a', label: ['x', 'y'], predicted: ['y'], logits: [-1, 2], loss: 0.5 },
    ]);
    const ofWords = await evaluated(
      [{ text: ['the', 'end'], label: ['O', 'B-X'] }],
      {
        task: 'tokenClassification',
        labelNames: ['B-X', 'O'],
        labels: Int32Array.of(1, 0),
        predicted: Int32Array.of(1, 1),
        offsets: Int32Array.of(0, 2),
        losses: Float32Array.of(1.5),
      },
      { task: 'tokenClassification' },
    );
    expect(await itemsOf(ofWords)).toEqual([
      { row: 0, text: 'the end', label: ['O', 'B-X'], predicted: ['O', 'O'], logits: [], loss: 1.5 },
    ]);
  });
});
