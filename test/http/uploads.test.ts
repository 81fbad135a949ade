// Uploads: what is taken, what is refused, and that nothing is left of what was refused.
import { request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeSafetensors } from '../../src/model/safetensors.ts';
import { encoderTensors } from '../../src/model/tensor-names.ts';
import { readModelConfig } from '../../src/model/model-config.ts';
import { WordPieceLearner } from '../../src/text/learn-word-piece.ts';
import {
  call,
  csv,
  expectProblem,
  form,
  startService,
  type FormPart,
  type Service,
  uploadsAtOnce,
  uploadSilenceSeconds,
} from './fixture.ts';

let service: Service;

beforeAll(async () => {
  service = await startService({ datasetBytes: 200_000_000, modelBytes: 1_000_000 });
});

afterAll(() => service.stop());

const train = { field: 'train', file: 'a.csv', content: csv };
const post = (parts: readonly FormPart[], path = '/datasets') => call(service, 'POST', path, form(parts));

describe('a dataset', () => {
  it('is stored with its splits described, and is the same object when it comes again', async () => {
    const jsonl = '{"text":"a","label":1}\n{"text":"b","label":2,"note":null}\n';
    const parts = [
      train,
      { field: 'dev', file: 'dev.tsv', content: 'text\tlabel\n"x\t0\n' },
      { field: 'test', file: 'x.JSONL', content: jsonl },
    ];
    const first = await post(parts);
    expect(first.statusCode).toBe(201);
    const body = first.json<{ id: string }>();
    expect(body).toMatchObject({
      sha256: expect.stringMatching(/^sha256:[0-9a-f]{64}$/u) as string,
      splits: {
        train: { rows: 12, columns: ['text', 'label'] },
        dev: { rows: 1, sample: [{ text: '"x', label: '0' }] },
        test: {
          rows: 2,
          columns: ['text', 'label', 'note'],
          sample: [
            { text: 'a', label: 1 },
            { text: 'b', label: 2, note: null },
          ],
        },
      },
    });
    const again = await post(parts.toReversed());
    expect([again.statusCode, again.json<{ id: string }>().id]).toEqual([200, body.id]);
    expect((await call(service, 'GET', `/datasets/${body.id}`)).json()).toEqual(body);
    expect((await call(service, 'GET', '/datasets?limit=1')).json()).toMatchObject({
      items: [{ id: body.id }],
      nextCursor: null,
    });
    expectProblem(await call(service, 'GET', '/datasets/ds_none'), 404, 'not_found');
  });

  it.each<[string, number, string, FormPart[]]>([
    ['a ragged row', 422, 'dataset_invalid', [train, { field: 'dev', file: 'a.csv', content: 'a,b\n1\n' }]],
    [
      'an unclosed quote at the end',
      422,
      'dataset_invalid',
      [train, { field: 'dev', file: 'a.csv', content: 'a,b\n1,"2\n' }],
    ],
    [
      'invalid UTF-8',
      422,
      'dataset_invalid',
      [{ field: 'dev', file: 'a.csv', content: Buffer.from([0x61, 0x0a, 0xff, 0x0a]) }],
    ],
    ['no row', 422, 'dataset_invalid', [{ field: 'dev', file: 'a.csv', content: 'a,b\n' }]],
    ['an empty file', 422, 'dataset_invalid', [{ field: 'dev', file: 'a.jsonl', content: '' }]],
    [
      'half a surrogate pair',
      422,
      'dataset_invalid',
      [{ field: 'dev', file: 'a.jsonl', content: '{"a":"\\ud800"}\n' }],
    ],
    [
      'an unknown extension',
      415,
      'unsupported_media_type',
      [train, { field: 'dev', file: 'a.xlsx', content: csv }],
    ],
    ['what is no Parquet', 422, 'dataset_invalid', [{ field: 'dev', file: 'a.parquet', content: 'PAR1' }]],
    ['two files for one split', 400, 'invalid_request', [train, train]],
    ['a split’s name that is none', 400, 'invalid_request', [{ field: '1st', file: 'a.csv', content: csv }]],
    ['a field that is no file', 400, 'invalid_request', [train, { field: 'name', content: 'x' }]],
    ['no file', 400, 'invalid_request', []],
    [
      'more than 100 files',
      413,
      'payload_too_large',
      Array.from({ length: 101 }, (_, index) => ({
        field: `s${index}`,
        file: 'a.csv',
        content: `${csv}\n${index},0`,
      })),
    ],
  ])('with %s is refused with %i %s, and nothing is left', async (_what, status, code, parts) => {
    // Other files than before, so that each would leave something of its own.
    const own = parts.map((part) => (part === train ? { ...train, content: `${csv}\n${_what},1` } : part));
    const before = await service.storedFiles();
    expectProblem(await post(own), status, code);
    await vi.waitFor(async () => expect(await service.storedFiles()).toEqual(before));
  });

  it('names the wrong lines', async () => {
    const response = await post([{ field: 'dev', file: 'a.csv', content: 'a,b\n1,2\n3\n4,5\n6,7,8\n' }]);
    expectProblem(response, 422, 'dataset_invalid', ['/dev/line/3', '/dev/line/5']);
  });

  it('is refused when the body is no form, or one that is cut off', async () => {
    expectProblem(
      await call(service, 'POST', '/datasets', { payload: { a: 1 } }),
      415,
      'unsupported_media_type',
    );
    expectProblem(await call(service, 'POST', '/datasets'), 415, 'unsupported_media_type');
    const { payload, headers } = form([train]);
    const before = await service.storedFiles();
    expectProblem(
      await call(service, 'POST', '/datasets', { payload: payload.subarray(0, 100), headers }),
      400,
      'invalid_request',
    );
    expectProblem(
      await call(service, 'POST', '/datasets', {
        payload,
        headers: { 'content-type': 'multipart/form-data' },
      }),
      400,
      'invalid_request',
    );
    expect(await service.storedFiles()).toEqual(before);
  });
});

describe('a large upload', () => {
  const boundary = 'b';
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };

  function* largeForm(megabytes: number): Generator<Buffer> {
    yield Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="train"; filename="a.csv"\r\n\r\ntext,label\n`,
    );
    const line = `${'some words that repeat '.repeat(8)},1\n`;
    const block = Buffer.from(line.repeat(Math.floor(65_536 / line.length)));
    for (let sent = 0; sent < megabytes * 1e6; sent += block.length) yield block;
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  }

  async function send(megabytes: number, target = service): Promise<{ status: number; body: unknown }> {
    const { port } = target.app.server.address() as AddressInfo;
    const body = Readable.toWeb(Readable.from(largeForm(megabytes))) as ReadableStream;
    const options = { method: 'POST', headers, body, duplex: 'half' } as const;
    const response = await fetch(`http://127.0.0.1:${port}/datasets`, options);
    return { status: response.status, body: await response.json() };
  }

  beforeAll(() => service.app.listen({ port: 0, host: '127.0.0.1' }));

  it('of 150 MB streams to the store: memory does not grow with the file', async () => {
    await send(10);
    const before = process.memoryUsage.rss();
    let most = before;
    const watching = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
    const { status, body } = await send(150);
    clearInterval(watching);
    expect(status).toBe(201);
    expect((body as { sizeBytes: number }).sizeBytes).toBeGreaterThan(149e6);
    expect((most - before) / 1e6).toBeLessThan(100);
  }, 120_000);

  it('over the limit is refused with 413, and nothing is left behind', async () => {
    const small = await startService({ datasetBytes: 5_000_000, modelBytes: 1 });
    try {
      await small.app.listen({ port: 0, host: '127.0.0.1' });
      const { status, body } = await send(20, small);
      expect([status, (body as { code: string }).code]).toEqual([413, 'payload_too_large']);
      expect(await small.storedFiles()).toEqual([]);
    } finally {
      await small.stop();
    }
  });

  it.each([
    [60_000, 60_000],
    [6, 120_000],
    [20_000, 120_000],
  ])(
    'of %i and %i bytes is over a limit of 100,000: it names the limit, and leaves nothing',
    async (...sizes) => {
      const small = await startService({ datasetBytes: 100_000, modelBytes: 1 });
      try {
        const parts = sizes.map((size, index) => ({
          field: `split${index}`,
          file: 'a.csv',
          content: `a,b\n${'1,2\n'.repeat(size / 4)}`.slice(0, size),
        }));
        const response = await call(small, 'POST', '/datasets', form(parts));
        expectProblem(response, 413, 'payload_too_large');
        expect(await small.storedFiles()).toEqual([]);
        expect(response.json<{ detail: string }>().detail).toContain('100000 bytes');
      } finally {
        await small.stop();
      }
    },
  );

  it('waits for its turn while as many as are taken at a time are under way', async () => {
    const before = await service.storedFiles();
    const { port } = service.app.server.address() as AddressInfo;
    const underWay = Array.from({ length: uploadsAtOnce }, () => {
      const outgoing = request({ port, host: '127.0.0.1', path: '/datasets', method: 'POST', headers });
      outgoing.on('error', () => undefined);
      for (const block of [...largeForm(1)].slice(0, -1)) outgoing.write(block);
      return outgoing;
    });
    await vi.waitFor(
      async () => expect(await service.storedFiles()).toHaveLength(before.length + uploadsAtOnce),
      5000,
    );
    let isAnswered = false;
    const waiting = post([{ field: 'train', file: 'a.csv', content: 'text,label\nlate,1\n' }]).finally(
      () => (isAnswered = true),
    );
    await delay(300);
    expect(isAnswered).toBe(false);
    underWay[0]?.destroy();
    expect((await waiting).statusCode).toBe(201);
    for (const outgoing of underWay) outgoing.destroy();
    await vi.waitFor(async () => expect(await service.storedFiles()).toHaveLength(before.length + 1), 5000);
  });

  it('that waits gives its place up when its client goes away', async () => {
    const { port } = service.app.server.address() as AddressInfo;
    // So little is sent that the server hears of the end while it does not read.
    const begin = () => {
      const outgoing = request({
        port,
        host: '127.0.0.1',
        path: '/datasets',
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b', 'content-length': '100000' },
      });
      outgoing.on('error', () => undefined);
      outgoing.write(
        '--b\r\ncontent-disposition: form-data; name="train"; filename="a.csv"\r\n\r\ntext,label\n',
      );
      return outgoing;
    };
    const underWay = Array.from({ length: uploadsAtOnce }, begin);
    await delay(300);
    const waiting = Array.from({ length: uploadsAtOnce }, begin);
    await delay(300);
    for (const outgoing of waiting) outgoing.destroy();
    await delay(300);
    for (const outgoing of underWay) outgoing.destroy();
    const next = await post([{ field: 'train', file: 'a.csv', content: 'text,label\nnext,1\n' }]);
    expect(next.statusCode).toBe(201);
  });

  it('whose client sends no more loses its turn, and leaves nothing behind', async () => {
    const before = await service.storedFiles();
    const { port } = service.app.server.address() as AddressInfo;
    const silent = Array.from({ length: uploadsAtOnce }, () => {
      const outgoing = request({ port, host: '127.0.0.1', path: '/datasets', method: 'POST', headers });
      for (const block of [...largeForm(1)].slice(0, -1)) outgoing.write(block);
      return new Promise<Error>((resolve) => outgoing.on('error', resolve));
    });
    await vi.waitFor(
      async () => expect(await service.storedFiles()).toHaveLength(before.length + uploadsAtOnce),
      3000,
    );
    const began = performance.now();
    const next = await post([{ field: 'train', file: 'a.csv', content: 'text,label\nafter a silence,1\n' }]);
    expect(next.statusCode).toBe(201);
    expect(performance.now() - began).toBeLessThan(uploadSilenceSeconds * 2000);
    await Promise.all(silent);
    await vi.waitFor(async () => expect(await service.storedFiles()).toHaveLength(before.length + 1), 5000);
  });

  it('that comes slowly is no silence', async () => {
    const { port } = service.app.server.address() as AddressInfo;
    const body = Buffer.concat([...largeForm(1)]);
    const outgoing = request({ port, host: '127.0.0.1', path: '/datasets', method: 'POST', headers });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      outgoing.on('response', ({ statusCode }) => resolve(statusCode)).on('error', reject);
    });
    const steps = uploadSilenceSeconds + 2;
    for (let step = 0; step < steps; step += 1) {
      const [from, to] = [step, step + 1].map((at) => Math.floor((body.length * at) / steps));
      outgoing.write(body.subarray(from, to));
      await delay(1000);
    }
    outgoing.end();
    expect(await answered).toBeLessThan(300);
  });

  it('whose client goes away half-way leaves nothing behind', async () => {
    const before = await service.storedFiles();
    const { port } = service.app.server.address() as AddressInfo;
    const outgoing = request({ port, host: '127.0.0.1', path: '/datasets', method: 'POST', headers });
    outgoing.on('error', () => undefined);
    for (const block of [...largeForm(1)].slice(0, -1)) outgoing.write(block);
    await vi.waitFor(
      async () => expect((await service.storedFiles()).length).toBeGreaterThan(before.length),
      5000,
    );
    outgoing.destroy();
    await vi.waitFor(async () => expect(await service.storedFiles()).toEqual(before), 5000);
  });
});

describe('a client that cuts its connection', () => {
  const multipart = 'multipart/form-data; boundary=b';
  const partOf = (file: string): string =>
    `--b\r\ncontent-disposition: form-data; name="train"; filename="${file}"\r\n\r\n`;

  it.each<[string, string, string, string]>([
    ['before the first part', '/datasets', multipart, '--b\r\ncontent-disp'],
    ['in a split', '/datasets', multipart, `${partOf('a.csv')}text,label\na,`],
    ['in a configuration', '/models', multipart, `${partOf('config.json')}{"a":`],
    ['in the weights', '/models', multipart, `${partOf('model.safetensors')}1234`],
    ['in a file that is ignored', '/models', multipart, `${partOf('README.md')}1234`],
    ['in a JSON body', '/experiments', 'application/json', '{"name":'],
  ])('%s is no error of the server', async (_what, path, type, sent) => {
    const logged = vi.spyOn(service.log, 'error');
    const received = new Promise<ServerResponse>((resolve) => {
      service.app.server.once('request', (incoming, response) => {
        incoming.once('data', () => outgoing.destroy());
        resolve(response);
      });
    });
    const { port } = service.app.server.address() as AddressInfo;
    const outgoing = request({
      port,
      host: '127.0.0.1',
      path,
      method: 'POST',
      headers: { 'content-type': type, 'content-length': '100000' },
    });
    outgoing.on('error', () => undefined);
    outgoing.write(sent);
    const response = await received;
    await vi.waitFor(() => expect(response.statusCode).toBe(400));
    expect(logged).not.toHaveBeenCalled();
    logged.mockRestore();
  });
});

describe('a model', () => {
  const config = {
    model_type: 'bert',
    vocab_size: 64,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 32,
    hidden_act: 'gelu',
  };
  const shapes = [...encoderTensors(readModelConfig(config)).required];
  const tensors = shapes.map(([name, shape]) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  }));
  const weights = Buffer.from(
    encodeSafetensors([...tensors, { name: 'cls.predictions.bias', shape: [2], data: new Float32Array(2) }]),
  );
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b'].join('\n');
  const files = (changes: Partial<Record<string, string | Buffer | undefined>> = {}): FormPart[] =>
    Object.entries({
      'model.safetensors': weights,
      'README.md': 'hello',
      'config.json': JSON.stringify(config),
      'vocab.txt': vocabulary,
      ...changes,
    }).flatMap(([file, content]) =>
      typeof content === 'undefined' ? [] : [{ field: 'file', file, content }],
    );

  it('is stored, told what was left aside, and is the same object when it comes again', async () => {
    const response = await post(files(), '/models');
    expect(response.statusCode).toBe(201);
    const body = response.json<{ id: string }>();
    expect(body).toMatchObject({
      architecture: 'bert',
      parameters: tensors.reduce((sum, { data }) => sum + data.length, 0),
      ignored: ['README.md', 'cls.predictions.bias'],
    });
    expect((await post(files(), '/models')).statusCode).toBe(200);
    expect((await call(service, 'GET', `/models/${body.id}`)).json()).toEqual(body);
    const record = await service.repositories.models.get('default', body.id);
    expect(await service.blobs.bytes(record!.blobs.weights)).toEqual(weights);
    const learner = new WordPieceLearner();
    learner.add('c d');
    const learned = JSON.stringify(await learner.finish({ vocabularySize: 40 }));
    expect(
      (await post(files({ 'vocab.txt': undefined, 'tokenizer.json': learned }), '/models')).statusCode,
    ).toBe(201);
  });

  const lying = Buffer.from(weights);
  lying.writeBigUInt64LE(2n ** 60n, 0);

  it.each<[string, number, string, FormPart[]]>([
    ['without weights', 422, 'model_invalid', files({ 'model.safetensors': undefined })],
    ['without a configuration', 422, 'model_invalid', files({ 'config.json': undefined })],
    ['without a vocabulary', 422, 'model_invalid', files({ 'vocab.txt': undefined })],
    ['with a configuration that is not JSON', 422, 'model_invalid', files({ 'config.json': '{' })],
    [
      'with a configuration that is not UTF-8',
      422,
      'model_invalid',
      files({ 'config.json': Buffer.from([0xff]) }),
    ],
    [
      'of another architecture',
      422,
      'not_supported',
      files({ 'config.json': JSON.stringify({ ...config, model_type: 'gpt2' }) }),
    ],
    [
      'whose shapes do not fit',
      422,
      'model_incompatible',
      files({ 'config.json': JSON.stringify({ ...config, intermediate_size: 32 }) }),
    ],
    [
      'that lacks a tensor',
      422,
      'model_incompatible',
      files({ 'model.safetensors': Buffer.from(encodeSafetensors(tensors.slice(1))) }),
    ],
    ['whose header lies', 422, 'model_invalid', files({ 'model.safetensors': lying })],
    ['that is cut off', 422, 'model_invalid', files({ 'model.safetensors': weights.subarray(0, -1) })],
    ['of four bytes', 422, 'model_invalid', files({ 'model.safetensors': Buffer.from('tiny') })],
    ['over the limit', 413, 'payload_too_large', files({ 'model.safetensors': Buffer.alloc(1_000_001) })],
    ['with a large file besides', 413, 'payload_too_large', files({ 'README.md': Buffer.alloc(1_000_001) })],
    ['with a file twice', 400, 'invalid_request', [...files(), ...files()]],
    ['with no file', 400, 'invalid_request', []],
  ])('%s is refused with %i %s, and nothing is left', async (_what, status, code, parts) => {
    const before = await service.storedFiles();
    expectProblem(await post(parts, '/models'), status, code);
    expect(await service.storedFiles()).toEqual(before);
  });
});
