// POST /experiments/estimate over real data: what it answers, what it refuses, and that it stores nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CalibrationRepository } from '../../src/database/calibration-repository.ts';
import { stepWorkload } from '../../src/estimate/workload.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';
import type { EstimateBody } from '../../src/http/schemas/estimate.ts';
import {
  call,
  expectProblem,
  form,
  scratch,
  startService,
  submissionOf,
  uploadDataset,
  type Service,
} from './fixture.ts';

let service: Service;
let datasetId: string;

beforeAll(async () => {
  service = await startService();
  datasetId = await uploadDataset(service);
});
afterAll(() => service.stop());

function estimate(payload: object) {
  return call(service, 'POST', '/experiments/estimate', { payload });
}

async function estimated(payload: object): Promise<EstimateBody> {
  const response = await estimate(payload);
  expect([response.statusCode, response.body]).toEqual([200, expect.any(String)]);
  return response.json<EstimateBody>();
}

function codes({ warnings }: EstimateBody): string[] {
  return warnings.map(({ code }) => code);
}

const inline = {
  name: 'inline',
  model: { scratch },
  dataset: {
    rows: {
      train: Array.from({ length: 40 }, (_, index) => ({ text: 'one two three', label: index % 2 })),
      validation: [{ text: 'one two', label: 0 }],
    },
    textField: 'text',
    labelField: 'label',
  },
};

describe('an estimate', () => {
  it('of uploaded data counts rows, tokens, steps and bytes, and knows no time before a worker has trained', async () => {
    const body = await estimated(submissionOf(datasetId));
    expect(body.steps).toBe(3);
    expect(body.tokens).toBeGreaterThan(4 * 12 * 4);
    expect(body.memoryBytes).toBeGreaterThan(100e6);
    expect(body.checkpointBytes).toBeGreaterThan(1000);
    expect([body.stepSeconds, body.totalSeconds, body.fits]).toEqual([null, null, null]);
    expect(codes(body)).toEqual([
      'not_calibrated',
      'few_rows_per_class',
      'few_evaluation_rows',
      'batch_larger_than_split',
    ]);
  });

  it('stores nothing of inline rows', async () => {
    const files = await service.storedFiles();
    const body = await estimated(inline);
    expect(body.steps).toBe(6);
    // [CLS] and [SEP] around words that are learned whole.
    expect(body.tokens).toBe(3 * 40 * 5 + 4);
    expect(await service.storedFiles()).toEqual(files);
    const { items } = (await call(service, 'GET', '/datasets')).json<{ items: unknown[] }>();
    expect(items).toHaveLength(1);
    const experiments = (await call(service, 'GET', '/experiments')).json<{ items: unknown[] }>();
    expect(experiments.items).toEqual([]);
  });

  it('counts rows set aside and rows left out by a maximum', async () => {
    const dataset = { ...inline.dataset, rows: { train: inline.dataset.rows.train } };
    const training = { epochs: 1, batchSize: 1 };
    const aside = await estimated({ ...inline, training, dataset: { ...dataset, evaluationFraction: 0.25 } });
    expect(aside.steps).toBe(30);
    const cut = { ...dataset, evaluationFraction: 0.25, maxTrainSamples: 7 };
    expect((await estimated({ ...inline, training, dataset: cut })).steps).toBe(7);
  });

  it('samples a long split, evenly, and says so', async () => {
    const line = (index: number): string =>
      JSON.stringify({
        text: Array.from({ length: index < 3000 ? 3 : 9 }, () => 'word').join(' '),
        label: index % 2,
      });
    const content = Array.from({ length: 6000 }, (_, index) => line(index)).join('\n');
    const uploaded = await call(
      service,
      'POST',
      '/datasets',
      form(['train', 'validation'].map((field) => ({ field, file: `${field}.jsonl`, content }))),
    );
    const { id } = uploaded.json<{ id: string }>();
    const body = await estimated({ ...submissionOf(id), training: { epochs: 1 } });
    expect(body.steps).toBe(Math.ceil(6000 / 32));
    expect((body.tokens ?? 0) / (12_000 * 8)).toBeCloseTo(1, 1);
    expect(codes(body)).toContain('sampled');
  });

  it('tells which share of the texts is cut', async () => {
    const training = { maxSequenceLength: 4 };
    const { warnings } = await estimated({ ...inline, training });
    expect(warnings.find(({ code }) => code === 'texts_cut')?.message).toContain('100 %');
  });

  it('of what is on a hub says what it cannot know', async () => {
    const model = { hub: 'org/name' };
    const ofModel = await estimated({ ...submissionOf(datasetId), model });
    expect(ofModel).toMatchObject({ steps: 3, tokens: null, memoryBytes: null });
    expect(codes(ofModel)).toContain('not_known_before_preparing');
    const dataset = { hub: 'org/data', textField: 'text', labelField: 'label' };
    const ofBoth = await estimated({ name: 'hub', model, dataset });
    expect(ofBoth).toMatchObject({ steps: null, tokens: null, checkpointBytes: null });
  });

  it('has time and tells whether memory suffices, once a worker has trained', async () => {
    const config = { ...scratch, family: 'bert', typeVocabularySize: 2 } as const;
    const head = { task: 'classification', labelCount: 2 } as const;
    const training = { config, head, recipe: trainingDefaults, vocabularySize: 100 };
    await new CalibrationRepository(service.repositories.database).record({
      host: 'worker',
      sizesSha256: 'sha256:other',
      processor: 'a processor',
      threads: 2,
      provider: 'cpu',
      onnxruntimeVersion: '1.30.0',
      memoryLimitBytes: 1e6,
      workload: stepWorkload(training, { tokens: 100, width: 10 }),
      stepSeconds: 2,
      slotsPerStep: 100,
    });
    const body = await estimated(submissionOf(datasetId));
    expect(body.stepSeconds).toBeGreaterThan(0);
    expect(body.totalSeconds).toBeGreaterThan(3 * (body.stepSeconds ?? Infinity));
    expect(body.fits).toBe(false);
    expect(codes(body)).toContain('does_not_fit');
    expect(codes(body)).not.toContain('not_calibrated');
  });
});

describe('an estimate is refused as the submission is', () => {
  it.each([
    ['a field that there is not', { ...inline, extra: 1 }, 400, 'invalid_request'],
    ['a model that there is not', { ...inline, model: { id: 'mdl_none' } }, 404, 'not_found'],
    [
      'a column that there is not',
      { ...inline, dataset: { ...inline.dataset, textField: 'body' } },
      422,
      'dataset_column_missing',
    ],
    [
      'a split that there is not',
      { ...inline, dataset: { ...inline.dataset, trainSplit: 'all' } },
      422,
      'dataset_split_missing',
    ],
    [
      'class weights of other labels',
      { ...inline, training: { classWeights: { yes: 1, no: 2 } } },
      422,
      'labels_invalid',
    ],
    [
      'a length that the model cannot read',
      { ...inline, training: { maxSequenceLength: 500 } },
      422,
      'sequence_too_long',
    ],
  ] as const)('%s', async (_what, payload, status, code) => {
    expectProblem(await estimate(payload), status, code);
    expectProblem(await call(service, 'POST', '/experiments', { payload }), status, code);
  });

  it('inline rows over their limit', async () => {
    const train = Array.from({ length: 1200 }, () => ({ text: 'x'.repeat(1000), label: 'a' }));
    const dataset = { ...inline.dataset, rows: { ...inline.dataset.rows, train } };
    expectProblem(await estimate({ ...inline, dataset }), 413, 'payload_too_large');
  });

  it('a dataset that there is not', async () => {
    expectProblem(await estimate(submissionOf('ds_none')), 404, 'not_found');
  });
});
