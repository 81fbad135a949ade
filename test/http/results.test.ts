// What an experiment has to show, through the client that users have, over a real socket.
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TObject, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { createClient, type Client } from '../../openapi/client.ts';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import { readModelArchive } from '../../src/model/model-archive.ts';
import { page, problemSchema } from '../../src/http/schemas/answer.ts';
import { experimentItemSchema, experimentSchema } from '../../src/http/schemas/experiment.ts';
import { aliveSchema, queuesPage, readinessSchema } from '../../src/http/schemas/operation.ts';
import { attemptsPage, checkpointsPage, ledgerPage, metricsPage } from '../../src/http/schemas/result.ts';
import { datasetSchema } from '../../src/http/schemas/upload.ts';
import { noTimes, progressAt, stepsFrom } from '../database/fixture.ts';
import {
  beginTraining,
  call,
  commitCheckpoint,
  csv,
  expectNotChanged,
  expectProblem,
  scratch,
  startService,
  submitExperiment,
  type Service,
} from './fixture.ts';

let service: Service;
let client: Client;

beforeAll(async () => {
  service = await startService();
  await service.app.listen({ port: 0, host: '127.0.0.1' });
  client = createClient(`http://127.0.0.1:${(service.app.server.address() as AddressInfo).port}/`);
});

afterAll(() => service.stop());

const training = (): Promise<LeaseHolder> => beginTraining(service);

const checkpoint = (holder: LeaseHolder, step: number): Promise<void> =>
  commitCheckpoint(service, holder, step);

describe('steps', () => {
  it('are shown as metrics, ledger and attempts', async () => {
    const { experimentId } = await training();
    const metrics = await call(
      service,
      'GET',
      `/experiments/${experimentId}/metrics?name=learningRate&maxPoints=3&fromStep=5&toStep=25`,
    );
    expect(metrics.json()).toEqual({
      items: [
        {
          name: 'learningRate',
          points: [
            [5, 5 / 3e7],
            [15, 15 / 3e7],
            [25, 25 / 3e7],
          ],
        },
      ],
      nextCursor: null,
    });
    const all = (await call(service, 'GET', `/experiments/${experimentId}/metrics`)).json<{
      items: { name: string; points: unknown[] }[];
    }>();
    expect(all.items.map(({ name, points }) => [name, points.length])).toEqual([
      ['loss', 25],
      ['gradientNorm', 25],
      ['learningRate', 25],
    ]);
    const attempts = await call(service, 'GET', `/experiments/${experimentId}/attempts`);
    expect(attempts.json()).toMatchObject({
      items: [{ lease: 1, stepsDone: 25, endedAt: null, cause: null, threads: 2 }],
      nextCursor: null,
    });
    const seen: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: { step: number; lossBits: number }[]; nextCursor: string | null } = (
        await call(
          service,
          'GET',
          `/experiments/${experimentId}/ledger?limit=10${cursor && `&cursor=${cursor}`}`,
        )
      ).json();
      seen.push(...page.items.map(({ step }) => step));
      expect(page.items.every(({ step, lossBits }) => lossBits === 0xffff_ffff - step)).toBe(true);
      ({ nextCursor: cursor } = page);
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  });

  it('list attempts in pages', async () => {
    const holder = await training();
    const { experimentId } = holder;
    const { attempts } = service.repositories;
    for (let count = 1; count < 5; count += 1)
      await attempts.beginAttempt({ ...holder, phase: 'training', host: 'h' });
    const seen: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: { lease: number }[]; nextCursor: string | null } = (
        await call(
          service,
          'GET',
          `/experiments/${experimentId}/attempts?limit=2${cursor && `&cursor=${cursor}`}`,
        )
      ).json();
      seen.push(...page.items.map(({ lease }) => lease));
      ({ nextCursor: cursor } = page);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    'metrics',
    'checkpoints',
    'attempts',
    'ledger',
    'events',
    'evaluation',
    'history',
    'model',
    'checkpoints/1/model',
  ])('of an unknown experiment: %s is 404', async (name) =>
    expectProblem(await call(service, 'GET', `/experiments/exp_none/${name}`), 404, 'not_found'),
  );

  it.each([
    ['metrics?maxPoints=1', '/maxPoints'],
    ['metrics?name=accuracy', '/name'],
    ['metrics?toStep=3000000000', '/toStep'],
    ['ledger?limit=10001', '/limit'],
    ['ledger?cursor=x', '/cursor'],
    ['checkpoints?cursor=c3RlcCA5OTk5OTk5OTk5', '/cursor'],
    ['checkpoints/x/model', '/step'],
  ])('refuse %s', async (path, field) => {
    const { experimentId } = await training();
    expectProblem(
      await call(service, 'GET', `/experiments/${experimentId}/${path}`),
      400,
      'invalid_request',
      [field],
    );
  });
});

describe('the model', () => {
  it('is a tar whose bytes are the same each time, whole, in ranges, of the latest or another checkpoint', async () => {
    const holder = await training();
    const path = `/experiments/${holder.experimentId}/model`;
    expectProblem(await call(service, 'GET', path), 409, 'no_checkpoint');
    await checkpoint(holder, 10);
    const tenth = await call(service, 'GET', path);
    await checkpoint(holder, 20);
    const whole = await call(service, 'GET', path);
    const { etag = '' } = whole.headers as { etag?: string };
    expect(whole.statusCode).toBe(200);
    expect(etag).not.toBe(tenth.headers.etag);
    expect(Number(whole.headers['content-length'])).toBe(whole.rawPayload.length);
    const archive = await readModelArchive(Readable.from([whole.rawPayload]));
    expect(archive.tensors[0]?.data).toEqual(Float32Array.of(20, 2, 3));
    expect([archive.config, archive.tokenizerJson]).toEqual([{ model_type: 'bert' }, '{"version":"1.0"}']);
    const parts: Buffer[] = [];
    for (let start = 0; start < whole.rawPayload.length; start += 1000) {
      const part = await call(service, 'GET', path, {
        headers: { range: `bytes=${start}-${start + 999}`, 'if-range': etag },
      });
      expect(part.statusCode).toBe(206);
      parts.push(part.rawPayload);
    }
    expect(Buffer.concat(parts).equals(whole.rawPayload)).toBe(true);
    const earlier = await call(service, 'GET', `/experiments/${holder.experimentId}/checkpoints/10/model`);
    expect(earlier.rawPayload.equals(tenth.rawPayload)).toBe(true);
    const downloaded = await buffer(await client.downloadModel(holder.experimentId, { step: 10 }));
    expect(createHash('sha256').update(downloaded).digest('hex')).toBe(
      createHash('sha256').update(tenth.rawPayload).digest('hex'),
    );
    const list = await call(service, 'GET', `/experiments/${holder.experimentId}/checkpoints?limit=1`);
    expect(list.json()).toMatchObject({ items: [{ step: 20 }], nextCursor: expect.any(String) as string });
  });

  it('answers HEAD, conditions and wrong ranges as HTTP has it', async () => {
    const holder = await training();
    await checkpoint(holder, 5);
    const path = `/experiments/${holder.experimentId}/model`;
    const { headers, rawPayload } = await call(service, 'GET', path);
    const head = await call(service, 'HEAD', path);
    expect([head.statusCode, head.headers['content-length'], head.rawPayload.length]).toEqual([
      200,
      String(rawPayload.length),
      0,
    ]);
    const known = await call(service, 'GET', path, { headers: { 'if-none-match': String(headers.etag) } });
    expectNotChanged(known);
    const range = async (value: string, more: Record<string, string> = {}) =>
      call(service, 'GET', path, { headers: { range: value, ...more } });
    expect((await range('bytes=-10')).rawPayload.equals(rawPayload.subarray(-10))).toBe(true);
    expect((await range('bytes=5-')).headers['content-range']).toBe(
      `bytes 5-${rawPayload.length - 1}/${rawPayload.length}`,
    );
    for (const ignored of ['bytes=0-1,3-4', 'bytes=9-3', 'lines=1-2'])
      expect((await range(ignored)).statusCode).toBe(200);
    expect((await range('bytes=0-1', { 'if-range': '"other"' })).statusCode).toBe(200);
    const beyond = await range(`bytes=${rawPayload.length}-`);
    expectProblem(beyond, 416, 'range_not_satisfiable');
    expect(beyond.headers['content-range']).toBe(`bytes */${rawPayload.length}`);
    expectProblem(
      await call(service, 'GET', `/experiments/${holder.experimentId}/checkpoints/6/model`),
      404,
      'not_found',
    );
  });
});

describe('the model as ONNX', () => {
  it('is the file that the evaluation made, under an ETag of its own', async () => {
    const holder = await training();
    const self = `/experiments/${holder.experimentId}`;
    const path = `${self}/model?format=onnx`;
    expectProblem(await call(service, 'GET', path), 409, 'no_checkpoint');
    await checkpoint(holder, 5);
    await checkpoint(holder, 10);
    expectProblem(await call(service, 'GET', path), 409, 'not_exported');
    const { latestCheckpoint } = await service.repositories.experiments.require(holder);
    const model = await service.blobs.putBytes(Buffer.from('bytes of a graph'));
    const report = { checkpoint: { id: latestCheckpoint?.id }, inference: { float32: { model } } };
    const { sha256 } = await service.blobs.putBytes(Buffer.from(JSON.stringify(report)));
    await service.repositories.results.setEvaluation(holder, { metrics: {}, reportSha256: sha256 });
    const tar = await call(service, 'GET', `${self}/model`);
    const file = await call(service, 'GET', path);
    expect([file.statusCode, file.headers['content-type'], file.body]).toEqual([
      200,
      'application/octet-stream',
      'bytes of a graph',
    ]);
    expect([tar, file].map(({ headers }) => headers['content-disposition'])).toEqual([
      `attachment; filename="${holder.experimentId}-10.tar"`,
      `attachment; filename="${holder.experimentId}-10.onnx"`,
    ]);
    expect(file.headers.etag).not.toBe(tar.headers.etag);
    const ofStep = (step: number) => `${self}/checkpoints/${step}/model?format=onnx`;
    const part = await call(service, 'GET', ofStep(10), { headers: { range: 'bytes=9-' } });
    expect([part.statusCode, part.body]).toEqual([206, 'a graph']);
    expectProblem(await call(service, 'GET', ofStep(5)), 409, 'not_exported');
    const downloaded = await buffer(await client.downloadModel(holder.experimentId, { format: 'onnx' }));
    expect(downloaded.toString()).toBe('bytes of a graph');
    expectProblem(await call(service, 'GET', path.replace('onnx', 'torch')), 400, 'invalid_request', [
      '/format',
    ]);
  });
});

describe('report and history', () => {
  it('are 409 until they are stored, and then given as they were stored', async () => {
    const holder = await training();
    const { results } = service.repositories;
    for (const name of ['evaluation', 'history'])
      expectProblem(
        await call(service, 'GET', `/experiments/${holder.experimentId}/${name}`),
        409,
        'not_ready',
      );
    const report = await service.blobs.putBytes(Buffer.from('{"confusion":[[1]]}'));
    await results.setEvaluation(holder, { metrics: { accuracy: 0.5 }, reportSha256: report.sha256 });
    await results.setHistory(holder, report.sha256);
    for (const name of ['evaluation', 'history']) {
      const path = `/experiments/${holder.experimentId}/${name}`;
      const answer = await call(service, 'GET', path);
      expect(answer.json()).toEqual({ confusion: [[1]] });
      const headers = { 'if-none-match': String(answer.headers.etag) };
      expectNotChanged(await call(service, 'GET', path, { headers }));
    }
    expect(await client.getExperiment(holder.experimentId)).toMatchObject({
      evaluation: { metrics: { accuracy: 0.5 } },
    });
  });
});

describe('the client', () => {
  it('waits for an experiment’s end and tells of each version', async () => {
    const holder = await training();
    const steps: number[] = [];
    const waiting = client.waitForExperiment(holder.experimentId, undefined, ({ progress }) =>
      steps.push(progress?.step ?? 0),
    );
    await vi.waitFor(() => expect(steps).toEqual([25]));
    const { ledger, transitions } = service.repositories;
    await ledger.recordSteps(holder, { steps: stepsFrom(26, 5), progress: progressAt(30), times: noTimes });
    await vi.waitFor(() => expect(steps).toContain(30));
    await transitions.recordTransition({
      ...holder,
      sequence: 2,
      state: 'failed',
      error: { code: 'no_progress', message: 'm' },
    });
    expect(await waiting).toMatchObject({ state: 'failed', error: { code: 'no_progress' } });
  });

  it('uploads, submits, and throws problems with their code and fields', async () => {
    const dataset = await client.uploadDataset({
      train: { name: 'a.csv', content: `${csv}\nclient,1` },
      test: { name: 'b.csv', content: new Blob([csv]) },
    });
    const submission = {
      name: 'c',
      model: { scratch },
      dataset: { id: dataset.id, textField: 'text', labelField: 'label' },
    };
    const [first, again] = [
      await client.submit(submission, 'client key'),
      await client.submit(submission, 'client key'),
    ];
    expect(again.id).toBe(first.id);
    await expect(client.submit({ ...submission, name: '' })).rejects.toMatchObject({
      name: 'ProblemError',
      code: 'invalid_request',
      status: 400,
      message: expect.stringContaining('/name') as string,
    });
    await expect(client.uploadModel([{ name: 'config.json', content: '{}' }])).rejects.toMatchObject({
      code: 'model_invalid',
    });
    await expect(client.downloadModel('exp_none')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('answers', () => {
  it('are what the document says, of an experiment at its start and with everything that it can have', async () => {
    const holder = await training();
    await checkpoint(holder, 5);
    const hash = `sha256:${'0'.repeat(64)}`;
    const rows = { train: 8, evaluation: 2, leftOut: 1 };
    const { results, attempts, transitions } = service.repositories;
    await results.setSnapshot(holder, { id: 'snap_1', sha256: hash, rows, labels: ['a', 'b'], tokens: 9 });
    await results.setEvaluation(holder, { metrics: { loss: 0.1, matthews: null }, reportSha256: hash });
    await attempts.finishAttempt(holder, { cause: 'failed', message: 'why' });
    const error = { code: 'internal', message: 'm' };
    await transitions.recordTransition({ ...holder, sequence: 5, state: 'failed', error });
    const fresh = await submitExperiment(service);
    const { dataset } = (await client.getExperiment(fresh)).spec;
    const self = `/experiments/${holder.experimentId}`;
    const answers: readonly (readonly [string, TSchema])[] = [
      [self, experimentSchema],
      [`/experiments/${fresh}`, experimentSchema],
      ['/experiments', page(experimentItemSchema)],
      [`${self}/metrics`, metricsPage],
      [`${self}/checkpoints`, checkpointsPage],
      [`${self}/attempts`, attemptsPage],
      [`${self}/ledger`, ledgerPage],
      [`/datasets/${dataset.id}`, datasetSchema],
      ['/datasets', page(datasetSchema)],
      ['/readyz', readinessSchema],
      ['/healthz', aliveSchema],
      ['/queues', queuesPage],
    ];
    for (const [path, schema] of answers) {
      const body = (await call(service, 'GET', path)).json<object>();
      expect([path, Value.Errors(schema, body)]).toEqual([path, []]);
      expect(Object.keys(body).sort()).toEqual(Object.keys((schema as TObject).properties).sort());
    }
    const problem = (await call(service, 'GET', '/experiments?limit=x')).json<object>();
    expect(Value.Errors(problemSchema, problem)).toEqual([]);
    expect(Value.Errors(experimentSchema, { ...problem })).not.toEqual([]);
  });
});
