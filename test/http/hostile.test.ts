// Whatever comes in, the service answers for it: no request makes an error of the server's own.
import fc from 'fast-check';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  beginTraining,
  call,
  commitCheckpoint,
  expectProblem,
  form,
  startService,
  submissionOf,
  submitExperiment,
  uploadDataset,
  type Service,
} from './fixture.ts';

let service: Service;
let known: { experiment: string; dataset: string };

beforeAll(async () => {
  service = await startService();
  const experiment = await submitExperiment(service);
  await commitCheckpoint(service, await beginTraining(service, experiment), 5);
  service.predict = (input) =>
    Promise.resolve('texts' in input ? input.texts.map((text) => ({ value: text.length })) : []);
  // One that has ended: its event stream ends too.
  await service.repositories.transitions.recordTransition({
    projectId: 'default',
    experimentId: experiment,
    sequence: 2,
    state: 'cancelled',
    error: null,
  });
  known = { experiment, dataset: await uploadDataset(service) };
});

afterAll(() => service.stop());

const strange = fc.oneof(
  fc.constantFrom(
    '',
    '\0',
    '%00',
    '%',
    '%ff',
    '..',
    '../../etc/passwd',
    '__proto__',
    'constructor',
    'toString',
    'null',
    'NaN',
    '-1',
    '0',
    '1e400',
    '9223372036854775808',
    '99999999999999999999',
    '\ud800',
    '💥',
    '\u202e',
    "' OR 1=1 --",
    '{}',
    '[]',
    '*',
    'x'.repeat(3000),
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
const json: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  strange,
  fc.constantFrom(null, true, -1, 0, 1e308, 2 ** 53, 0.1, [], {}, [[[[]]]]),
);
const names = [
  'metrics',
  'checkpoints',
  'attempts',
  'ledger',
  'events',
  'evaluation',
  'history',
  'model',
  'checkpoints/1/model',
  'evaluation/rows',
  'predictions',
  'cancel',
  'pause',
  'fork',
];
const segment = fc.oneof(
  strange.map(encodeURIComponentSafely),
  strange.filter((text) => !/[\s?#]/u.test(text)),
);

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
}

const path = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('/experiments', '/datasets', '/models'),
      fc.option(segment, { nil: undefined }),
      fc.option(fc.constantFrom(...names), { nil: undefined }),
    )
    .map((parts) => parts.filter((part) => part !== undefined).join('/')),
  fc.constantFrom(...names).map((name) => `/experiments/KNOWN/${name}`),
  fc.constantFrom(
    '/experiments',
    '/datasets',
    '/models',
    '/experiments/KNOWN',
    '/datasets/KNOWN',
    '/queues',
    '/readyz',
    '/docs',
    '/openapi.json',
    '/metrics',
    '/experiments/estimate',
  ),
  fc.tuple(segment, segment).map(([one, two]) => `/${one}/${two}`),
);
const parameter = fc.tuple(
  fc.oneof(
    fc.constantFrom(
      'limit',
      'cursor',
      'sort',
      'state',
      'tag',
      'name',
      'createdAfter',
      'createdBefore',
      'fromStep',
      'toStep',
      'maxPoints',
      'format',
    ),
    segment,
  ),
  fc.oneof(
    segment,
    fc.constantFrom(
      '1',
      '2',
      'loss',
      'MTIzIGV4cF8x',
      'MCBleHBfMQ',
      '99999999999999 exp_1',
      '2026-01-01T00:00:00Z',
      '0000-01-01T00:00:00Z',
      '9999-12-31T23:59:59+23:59',
      '2026-02-30T00:00:00Z',
      '2016-12-31T23:59:60Z',
      '9999-12-31T23:59:59-23:59',
    ),
  ),
);
const query = fc
  .array(parameter, { maxLength: 3 })
  .map((pairs) => (pairs.length > 0 ? `?${pairs.map((pair) => pair.join('=')).join('&')}` : ''));

/** A submission that is right but for one field, which is anything. */
const nearlyRight = fc.tuple(
  fc.constantFrom(
    'name',
    'tags',
    'model',
    'dataset',
    'training',
    'evaluation',
    'model.scratch',
    'model.id',
    'model.scratch.layers',
    'dataset.id',
    'dataset.rows',
    'dataset.rows.train',
    'dataset.textField',
    'dataset.trainSplit',
    'dataset.evaluationSplit',
    'training.seed',
    'training.classWeights',
    'training.checkpoint',
    'training.earlyStopping',
    'training.earlyStopping.metric',
    'training.lora',
    'training.freeze',
    'training.seeds',
    'training.optimizer',
    'training.pretraining',
    'training.warmupSteps',
    'training.layerDecay',
    'model.experiment',
    'model.hub',
    '__proto__',
    'dataset.__proto__',
  ),
  json,
);

function changed(base: object, place: string, value: unknown): object {
  const copy = structuredClone(base) as Record<string, unknown>;
  const parts = place.split('.');
  const last = parts.pop() ?? '';
  let target = copy;
  for (const part of parts) {
    const inner = (target[part] ?? {}) as Record<string, unknown>;
    target[part] = inner;
    target = inner;
  }
  Object.defineProperty(target, last, { value, enumerable: true, configurable: true });
  return copy;
}

/** Nearly a request for predictions. */
const predictionBody = fc
  .oneof(
    fc.record({ texts: fc.array(fc.oneof(strange, json), { maxLength: 4 }) }),
    fc.record({ pairs: json }),
    fc.record({ texts: fc.array(strange, { maxLength: 300 }), pairs: json }, { requiredKeys: [] }),
  )
  .map((value) => (): Body => ({
    payload: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  }));

type Body = { payload?: string | Buffer; headers: Record<string, string> };
const submission: fc.Arbitrary<() => Body> = nearlyRight.map(([place, value]) => () => ({
  payload: JSON.stringify(changed(submissionOf(known.dataset), place, value)),
  headers: { 'content-type': 'application/json' },
}));
const body: fc.Arbitrary<() => Body> = fc.oneof(
  fc.constant(() => ({ headers: {} })),
  submission,
  json.map((value) => () => ({
    payload: JSON.stringify(value),
    headers: { 'content-type': 'application/json; charset=utf-16' },
  })),
  fc.uint8Array({ maxLength: 200 }).chain((bytes) =>
    fc
      .constantFrom(
        'application/json',
        'multipart/form-data; boundary=b',
        'multipart/form-data',
        'text/plain',
        'x',
        '',
      )
      .map((type) => () => ({
        payload: Buffer.from(bytes),
        headers: { 'content-type': type },
      })),
  ),
  fc
    .array(
      fc.record({
        field: strange,
        file: fc.constantFrom(
          'a.csv',
          'a.tsv',
          'a.jsonl',
          'config.json',
          'model.safetensors',
          'vocab.txt',
          '..',
          '',
        ),
        content: fc.oneof(
          strange,
          fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
        ),
      }),
      { maxLength: 3 },
    )
    .map((parts) => () => form(parts)),
);
const headerValue = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    '"1"',
    '*',
    'W/"',
    'bytes=0-',
    'bytes=-1',
    'bytes=99999999999999999999-',
    '1',
    '99999999999',
    'wait=0',
    'wait=-1',
  ),
);
const headers = fc.dictionary(
  fc.constantFrom(
    'if-none-match',
    'range',
    'if-range',
    'last-event-id',
    'idempotency-key',
    'accept',
    'prefer',
    'x-request-id',
    'content-length',
    'transfer-encoding',
    'expect',
  ),
  headerValue.filter((value) => !/wait\s*=\s*"?[1-9]/u.test(value)),
  { maxKeys: 2 },
);
const method = fc.constantFrom(
  'GET',
  'GET',
  'POST',
  'POST',
  'POST',
  'HEAD',
  'PATCH',
  'DELETE',
  'PUT',
  'OPTIONS',
);

/** Half of all requests are far off; the others come near enough to get beyond the first checks. */
const request = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(method, path, query, headers, body) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('POST'),
      fc.constant('/experiments'),
      fc.constant(''),
      headers,
      fc.oneof(submission, body),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('POST'),
      fc.constant('/experiments/KNOWN/predictions'),
      query,
      fc.constant({}),
      predictionBody,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('GET'),
      fc.constantFrom('/experiments', '/experiments/KNOWN/metrics', '/experiments/KNOWN/ledger', '/datasets'),
      query,
      fc.constant({}),
      fc.constant((): Body => ({ headers: {} })),
    ),
  },
);

it('2,000 hostile requests get no answer of 500 or more, and a problem for each refusal', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(request, async ([verb, where, search, more, makeBody]) => {
      const { payload, headers: own } = makeBody();
      const kind = where.split('/')[1] === 'datasets' ? known.dataset : known.experiment;
      const url = `${where.replace('KNOWN', kind)}${search}`;
      const response = await call(service, verb, url, {
        headers: { ...own, ...more },
        ...(payload !== undefined && !['GET', 'HEAD'].includes(verb) && { payload }),
      });
      seen.add(response.statusCode);
      expect(response.statusCode, `${response.body} ${verb} ${url}`).toBeLessThan(500);
      if (response.statusCode >= 400 && !where.startsWith('/docs'))
        expect(response.headers['content-type']).toBe('application/problem+json');
    }),
    { numRuns: 2000, seed: 20_261_124 },
  );
  // The requests are not all refused for the same reason.
  expect([...seen]).toEqual(expect.arrayContaining([200, 201, 400, 404, 409, 415, 422]));
  expect((await call(service, 'GET', '/healthz')).statusCode).toBe(200);
}, 120_000);

describe('a form', () => {
  it.each([
    ['form-data; filename="a.csv"', 'text/csv'],
    ['form-data', 'application/octet-stream'],
    ['form-data', 'text/plain'],
  ])('with a part that has no name is refused: %s, %s', async (disposition, type) => {
    const head = `content-disposition: ${disposition}\r\ncontent-type: ${type}\r\n`;
    for (const path of ['/datasets', '/models']) {
      const response = await call(service, 'POST', path, {
        payload: `--b\r\n${head}\r\ntext,label\na,b\n\r\n--b--\r\n`,
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      });
      expectProblem(response, 400, 'invalid_request', ['/']);
    }
  });

  it('with bytes that have no file name is refused', async () => {
    for (const path of ['/datasets', '/models']) {
      const payload =
        '--b\r\ncontent-disposition: form-data; name="train"\r\ncontent-type: application/octet-stream\r\n\r\na\r\n--b--\r\n';
      const response = await call(service, 'POST', path, {
        payload,
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      });
      expectProblem(response, 400, 'invalid_request', ['/train']);
    }
  });

  it('with a boundary of 5,000 characters is refused', async () => {
    const boundary = 'b'.repeat(5000);
    const response = await call(service, 'POST', '/datasets', {
      payload: `--${boundary}--\r\n`,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    });
    expectProblem(response, 400, 'invalid_request');
  });
});

describe('a request', () => {
  it('with plain text, or with an encoded body, is refused for its type', async () => {
    const payload = JSON.stringify(submissionOf(known.dataset));
    const plain = { payload, headers: { 'content-type': 'text/plain' } };
    expectProblem(await call(service, 'POST', '/experiments', plain), 415, 'unsupported_media_type');
    const encoded = { 'content-encoding': 'gzip' };
    const json = { payload, headers: { 'content-type': 'application/json', ...encoded } };
    expectProblem(await call(service, 'POST', '/experiments', json), 415, 'unsupported_media_type');
    const upload = form([{ field: 'train', file: 'a.csv', content: 'text,label\na,1\n' }]);
    const response = await call(service, 'POST', '/datasets', {
      ...upload,
      headers: { ...upload.headers, ...encoded },
    });
    expectProblem(response, 415, 'unsupported_media_type');
  });

  it('with a control character of the second set in its name or tags is refused', async () => {
    for (const [field, value] of [
      ['name', 'a\u0085b'],
      ['tags', ['a', '\u009f']],
    ] as const) {
      const payload = { ...submissionOf(known.dataset), [field]: value };
      expectProblem(await call(service, 'POST', '/experiments', { payload }), 400, 'invalid_request');
    }
  });

  it('with two Host headers is refused', async () => {
    await service.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = service.app.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'GET /healthz HTTP/1.1\r\nhost: localhost\r\nHost: example.org\r\nconnection: close\r\n\r\n',
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"invalid_request"/u);
  });
});
