// Submitting experiments over HTTP: what is accepted, with every default, and what is refused, by its fields.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  expectProblem,
  scratch,
  startService,
  submissionOf,
  uploadDataset,
  type Service,
} from './fixture.ts';

let service: Service;
let dataset: string;

beforeAll(async () => {
  service = await startService();
  dataset = await uploadDataset(service);
});

afterAll(() => service.stop());

const submit = (payload: object | string, headers: Record<string, string> = {}) =>
  call(service, 'POST', '/experiments', {
    payload,
    headers: { 'content-type': 'application/json', ...headers },
  });

describe('a submission', () => {
  it('is answered with the experiment, every default filled in', async () => {
    const response = await submit({ ...submissionOf(dataset), tags: ['a'] });
    expect(response.statusCode).toBe(201);
    const body = response.json<Record<string, unknown>>();
    expect(response.headers.location).toBe(`/experiments/${String(body['id'])}`);
    expect(Object.keys(body).sort()).toEqual(
      [
        'id',
        'name',
        'tags',
        'state',
        'requestedAction',
        'waitingFor',
        'spec',
        'progress',
        'snapshot',
        'latestCheckpoint',
        'attempts',
        'forkedFrom',
        'evaluation',
        'lastFailure',
        'error',
        'createdAt',
        'startedAt',
        'finishedAt',
        'version',
        'links',
      ].sort(),
    );
    expect(body).toMatchObject({
      state: 'queued',
      tags: ['a'],
      waitingFor: { kind: 'worker', queue: 'bert-coordinator-task-queue' },
      lastFailure: null,
      spec: {
        training: { epochs: 3, learningRate: 5e-5 },
        dataset: {
          id: dataset,
          trainSplit: 'train',
          evaluationSplit: 'validation',
          evaluationFraction: null,
        },
      },
    });
  });

  it('shows the evaluation split that was chosen, which is never the training split', async () => {
    const shown = async (changes: object): Promise<unknown> => {
      const { dataset: source, ...rest } = submissionOf(dataset);
      const response = await submit({ ...rest, dataset: { ...(source as object), ...changes } });
      const { id, spec } = response.json<{ id: string; spec: { dataset: object } }>();
      const read = await call(service, 'GET', `/experiments/${id}`);
      expect(read.json<{ spec: object }>().spec).toEqual(spec);
      return spec.dataset;
    };
    expect(await shown({ evaluationSplit: null })).toMatchObject({ evaluationSplit: 'validation' });
    expect(await shown({ evaluationSplit: 'train', trainSplit: 'validation' })).toMatchObject({
      evaluationSplit: 'train',
    });
    expect(await shown({ evaluationFraction: 0.2 })).toMatchObject({ evaluationSplit: null });
    const { dataset: source, ...rest } = submissionOf(dataset);
    const onlyTrain = { ...rest, dataset: { ...(source as object), trainSplit: 'validation' } };
    expectProblem(await submit(onlyTrain), 422, 'dataset_split_missing');
  });

  it('with a key is answered the same again, also when many come at once, and refused with another body', async () => {
    const headers = { 'idempotency-key': 'key 1' };
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => submit(submissionOf(dataset), headers)),
    );
    expect(new Set(responses.map(({ body }) => body)).size).toBe(1);
    expect(responses.filter((response) => response.headers['idempotency-replayed'] === 'true')).toHaveLength(
      19,
    );
    expectProblem(
      await submit({ ...submissionOf(dataset), name: 'other' }, headers),
      422,
      'idempotency_key_reused',
    );
  });

  it('may use a key again after an error', async () => {
    const headers = { 'idempotency-key': 'key 2' };
    expect((await submit({ name: 'x' }, headers)).statusCode).toBe(400);
    expect((await submit(submissionOf('ds_none'), headers)).statusCode).toBe(404);
    expect((await submit(submissionOf(dataset), headers)).statusCode).toBe(201);
  });

  it('is refused with the path of every wrong field', async () => {
    const response = await submit({
      name: '',
      tags: 'nightly',
      extra: 1,
      model: { scratch: { ...scratch, layers: '2' } },
      dataset: {
        id: dataset,
        textField: 'text',
        task: 'guess',
        evaluationFraction: 0.9,
        maxTrainSamples: 'all',
      },
      training: { epochs: 1.5, 'a/b': true, classWeights: 3, checkpoint: { everySteps: 0 } },
    });
    expectProblem(response, 400, 'invalid_request', [
      '/name',
      '/tags',
      '/extra',
      '/model/scratch/layers',
      '/dataset/labelField',
      '/dataset/task',
      '/dataset/evaluationFraction',
      '/dataset/maxTrainSamples',
      '/training/epochs',
      '/training/a~1b',
      '/training/classWeights',
      '/training/checkpoint/everySteps',
    ]);
    const { errors } = response.json<{ errors: { path: string; message: string }[] }>();
    const messages = Object.fromEntries(errors.map(({ path, message }) => [path, message]));
    expect(messages['/dataset/task']).toBe(
      'must be "auto", "classification", "regression", "multiLabel" or "tokenClassification"',
    );
    expect(messages['/dataset/maxTrainSamples']).toBe('must be integer or null');
    expect(messages['/dataset/evaluationFraction']).toBe('must be <= 0.5');
    expect(messages['/training/classWeights']).toBe('must be "balanced", object or null');
    expect(messages['/dataset/labelField']).toBe('is required');
    expect(messages['/training/a~1b']).toBe('is not a known field');
  });

  it.each<[string | undefined, string]>([
    ['tokenClassification', 'Of tokenClassification: loss, accuracy, macroF1, weightedF1, entityF1'],
    ['regression', 'Of regression: loss, mse, rmse, mae, r2, pearson, spearman'],
    [
      undefined,
      'Of classification: loss, accuracy, macroF1, weightedF1, matthews, logLoss, brier, ' +
        'expectedCalibrationError, rocAuc, averagePrecision; Of regression: loss, mse, rmse, mae, r2, pearson, spearman',
    ],
  ])('with an unknown metric is told those of its task, of %s', async (task, metrics) => {
    const { dataset: source, ...rest } = submissionOf(dataset);
    const payload = {
      ...rest,
      dataset: { ...(source as object), ...(task !== undefined && { task }) },
      training: { epochs: 0, earlyStopping: { metric: 'f1', patience: 1 } },
    };
    for (const path of ['/experiments', '/experiments/estimate']) {
      const response = await call(service, 'POST', path, { payload });
      expectProblem(response, 400, 'invalid_request', ['/training/epochs', '/training/earlyStopping/metric']);
      const { errors } = response.json<{ errors: { path: string; message: string }[] }>();
      const { message } = errors.find(({ path: wrong }) => wrong.endsWith('/metric')) ?? {};
      expect(message).toBe(`must be a metric of the task. ${metrics}`);
    }
  });

  const inline = (train: object[], validation: object[] = train) => ({
    ...submissionOf(dataset),
    dataset: { rows: { train, validation }, textField: 'text', labelField: 'label' },
  });
  const two = [
    { text: 'a', label: 'x' },
    { text: 'b', label: 'y' },
  ];

  it.each<[string, number, string, () => object | string]>([
    ['that is not JSON', 400, 'invalid_request', () => '{"name":'],
    ['that is empty', 400, 'invalid_request', () => ''],
    ['that is a list', 400, 'invalid_request', () => []],
    ['with a key of the prototype', 400, 'invalid_request', () => '{"__proto__": {"a": 1}, "name": "x"}'],
    [
      'with a NUL',
      400,
      'invalid_request',
      () => ({
        ...submissionOf(dataset),
        dataset: { id: dataset, textField: 'te\0xt', labelField: 'label' },
      }),
    ],
    [
      'with half a surrogate pair',
      400,
      'invalid_request',
      () => ({ ...submissionOf(dataset), name: '\ud800' }),
    ],
    ['over 2 MiB', 413, 'payload_too_large', () => ({ name: 'x'.repeat(2 * 1024 * 1024) })],
    [
      'with inline rows over 1 MiB',
      413,
      'payload_too_large',
      () => inline([{ text: 'x'.repeat(1_100_000), label: 'a' }, ...two]),
    ],
    ['of an unknown dataset', 404, 'not_found', () => submissionOf('ds_none')],
    [
      'of an unknown model',
      404,
      'not_found',
      () => ({ ...submissionOf(dataset), model: { id: 'mdl_none' } }),
    ],
    [
      'with two kinds of model',
      400,
      'invalid_request',
      () => ({ ...submissionOf(dataset), model: { id: 'mdl_1', scratch } }),
    ],
    [
      'of a split that is not there',
      422,
      'dataset_split_missing',
      () => ({
        ...submissionOf(dataset),
        dataset: { id: dataset, textField: 'text', labelField: 'label', trainSplit: 'dev' },
      }),
    ],
    [
      'of a split named as a method',
      422,
      'dataset_split_missing',
      () => ({
        ...submissionOf(dataset),
        dataset: { id: dataset, textField: 'text', labelField: 'label', trainSplit: 'toString' },
      }),
    ],
    [
      'of a column that is not there',
      422,
      'dataset_column_missing',
      () => ({
        ...submissionOf(dataset),
        dataset: { id: dataset, textField: 'text', labelField: 'category' },
      }),
    ],
    [
      'with sequences over the model’s positions',
      422,
      'sequence_too_long',
      () => ({ ...submissionOf(dataset), training: { maxSequenceLength: 129 } }),
    ],
    [
      'whose inline rows have one label',
      422,
      'labels_invalid',
      () =>
        inline(
          [
            { text: 'a', label: 'x' },
            { text: 'b', label: 'x' },
          ],
          two,
        ),
    ],
    [
      'whose inline evaluation has a label of its own',
      422,
      'labels_invalid',
      () => inline(two, [{ text: 'c', label: 'z' }]),
    ],
    [
      'whose inline rows are all empty',
      422,
      'dataset_split_empty',
      () => inline([{ text: ' ', label: 'x' }]),
    ],
    ['whose inline rows lack the column', 422, 'dataset_column_missing', () => inline([{ text: 'a' }])],
    [
      'whose inline rows have no evaluation',
      422,
      'dataset_split_missing',
      () => ({ ...inline(two), dataset: { rows: { train: two }, textField: 'text', labelField: 'label' } }),
    ],
  ])('%s is refused with %i %s', async (_what, status, code, payload) => {
    expectProblem(await submit(payload()), status, code);
  });

  it('of another media type is refused', async () => {
    expectProblem(
      await submit('name: x', { 'content-type': 'application/yaml' }),
      415,
      'unsupported_media_type',
    );
    expectProblem(await submit(submissionOf(dataset), { 'idempotency-key': 'é' }), 400, 'invalid_request');
    expectProblem(
      await submit(submissionOf(dataset), { 'idempotency-key': 'x'.repeat(256) }),
      400,
      'invalid_request',
    );
  });

  it('of inline rows shows the dataset that they became', async () => {
    const response = await submit(inline(two));
    expect(response.statusCode).toBe(201);
    const { spec } = response.json<{ spec: { dataset: { id: string; evaluationSplit: string } } }>();
    expect(spec.dataset.evaluationSplit).toBe('validation');
    expect(spec.dataset).not.toHaveProperty('rows');
    const found = await call(service, 'GET', `/datasets/${spec.dataset.id}`);
    expect(found.json()).toMatchObject({
      splits: { train: { rows: 2, columns: ['text', 'label'], sample: two } },
    });
  });
});
