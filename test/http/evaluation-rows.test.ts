// The evaluated rows: in the order of the split or the worst first, in pages that fit together.
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Value } from 'typebox/value';
import { buildSnapshot } from '../../src/dataset/build-snapshot.ts';
import { predictionLines } from '../../src/dataset/predictions.ts';
import { evaluationRowsPage } from '../../src/http/schemas/evaluation-rows.ts';
import { beginTraining, call, expectProblem, startService, type Service } from './fixture.ts';

let service: Service;
let path: string;

const texts = ['one', 'two', 'three', 'four', 'five'];
const losses = [0.25, 2, 0.5, 2, 0.125];

beforeAll(async () => {
  service = await startService();
  const { blobs, repositories } = service;
  const source = (name: string) => ({
    name,
    format: 'csv' as const,
    open: () =>
      Promise.resolve(
        Readable.from([
          Buffer.from(['text,label', ...texts.map((text, row) => `${text},${row % 2}`)].join('\n')),
        ]),
      ),
  });
  const { sha256 } = await buildSnapshot({
    splits: [source('train'), source('test')],
    mapping: {
      task: 'auto',
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
        encodeWords: () => ({ tokenIds: [2, 3], wordOf: [-1, -1] }),
      }),
  });
  const predictions = await blobs.putStream(
    predictionLines({
      labelNames: ['0', '1'],
      labels: Int32Array.of(0, 1, 0, 1, 0),
      predicted: Int32Array.of(0, 0, 0, 0, 0),
      logits: Float32Array.of(1, 0, 3, 1, 0.5, 0, 4, 2, 2, 0),
      losses: Float32Array.from(losses),
    }),
  );
  const report = await blobs.putBytes(Buffer.from(JSON.stringify({ snapshotSha256: sha256, predictions })));
  const holder = await beginTraining(service);
  await repositories.results.setEvaluation(holder, { metrics: {}, reportSha256: report.sha256 });
  path = `/experiments/${holder.experimentId}/evaluation/rows`;
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
});
