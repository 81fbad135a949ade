// Who is answered without access control, and how the service tells of itself when its dependencies are away.
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkAccess } from '../../src/http/protocol/access.ts';
import {
  call,
  expectProblem,
  startService,
  submissionOf,
  submitExperiment,
  uploadDataset,
  type Service,
} from './fixture.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

describe('access', () => {
  it.each(['127.0.0.1', '127.0.0.1:8080', 'localhost', 'LOCALHOST:1', '[::1]', '[::1]:8080', '127.9.9.9:80'])(
    'is given to Host %s',
    async (host) =>
      expect((await call(service, 'GET', '/healthz', { headers: { host } })).statusCode).toBe(200),
  );

  it.each([
    'example.com',
    'localhost.example.com',
    '127.0.0.1.example.com',
    '10.0.0.1',
    '0.0.0.0',
    '[::2]',
    'user@localhost',
    'localhost:99999',
  ])('is refused to Host "%s"', async (host) =>
    expectProblem(await call(service, 'GET', '/healthz', { headers: { host } }), 403, 'forbidden_host'),
  );

  it.each([
    'http://example.com',
    'null',
    'http://localhost:3000',
    'http://127.0.0.1:8080',
    'file://',
    'localhost:8080',
    '',
  ])('is refused to Origin "%s" at localhost:8080, also where the path does not exist', async (origin) => {
    const headers = { host: 'localhost:8080', origin };
    expectProblem(await call(service, 'POST', '/experiments', { headers }), 403, 'forbidden_origin');
    expectProblem(await call(service, 'GET', '/nothing', { headers }), 403, 'forbidden_origin');
  });

  it.each([
    ['localhost:8080', 'http://localhost:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['localhost', 'http://localhost'],
  ])('is given at %s to a page of its own', async (host, origin) =>
    expect((await call(service, 'GET', '/healthz', { headers: { host, origin } })).statusCode).toBe(200),
  );

  it('is refused without a Host', () => {
    expect(() => checkAccess({}, [])).toThrow(expect.objectContaining({ code: 'forbidden_host' }));
  });
});

describe('every answer that is no success', () => {
  it('is a problem: unknown paths, methods, broken escapes, endless parameters', async () => {
    expectProblem(await call(service, 'GET', '/nothing'), 404, 'not_found');
    expectProblem(await call(service, 'PUT', '/experiments'), 404, 'not_found');
    expectProblem(await call(service, 'GET', '/experiments/%ff'), 400, 'invalid_request');
    expect((await call(service, 'GET', `/experiments/${'x'.repeat(5000)}`)).headers['content-type']).toBe(
      'application/problem+json',
    );
  });

  it('is a problem also for bytes that are no HTTP', async () => {
    await service.app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((service.app.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('nonsense\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"invalid_request"/su);
  });

  it.each([
    ['GET', 'logs'],
    ['PATCH', ''],
  ])('names what is not supported yet: %s /experiments/{id}/%s', async (method, name) => {
    const id = await submitExperiment(service);
    const path = (experiment: string): string => `/experiments/${experiment}${name && `/${name}`}`;
    expectProblem(await call(service, method, path(id)), 422, 'not_supported');
    expectProblem(await call(service, method, path('exp_none')), 404, 'not_found');
  });
});

describe('the service', () => {
  it('shows its document, its page and its queues', async () => {
    expect((await call(service, 'GET', '/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' });
    expect((await call(service, 'GET', '/docs')).statusCode).toBe(200);
    const queue = {
      name: 'bert-training-task-queue',
      backlog: 2,
      workers: [{ host: 'host', lastSeenAt: '1970-01-01T00:00:00.000Z' }],
    };
    expect((await call(service, 'GET', '/queues')).json()).toMatchObject({
      items: [queue],
      nextCursor: null,
    });
  });

  it('is degraded and takes work while Temporal is away', async () => {
    const up = { state: 'up' };
    expect((await call(service, 'GET', '/readyz')).json()).toEqual({
      status: 'ready',
      dependencies: { database: up, storage: up, temporal: up },
      refusals: [],
    });
    service.temporalAnswers = false;
    const degraded = await call(service, 'GET', '/readyz');
    expect([degraded.statusCode, degraded.json<{ status: string }>().status]).toEqual([200, 'degraded']);
    expect(degraded.json()).toMatchObject({ dependencies: { temporal: { state: 'down' } } });
    await submitExperiment(service);
    expectProblem(await call(service, 'GET', '/queues'), 503, 'temporal_unavailable');
    service.temporalAnswers = true;
  });

  it('is degraded while a worker refuses to poll, for as long as the worker says so', async () => {
    const { workerRefusals } = service.repositories;
    const refusal = {
      workerId: '1@host',
      workflows: [{ workflowId: 'exp_1', reason: 'another activity' }],
    };
    const readiness = async (): Promise<unknown> => (await call(service, 'GET', '/readyz')).json();
    await workerRefusals.refuse(refusal);
    expect(await readiness()).toMatchObject({
      status: 'degraded',
      refusals: [{ worker: '1@host', workflowId: 'exp_1', reason: 'another activity' }],
    });
    await service.repositories.database.run(
      (queries) =>
        queries.$executeRaw`UPDATE worker_refusal SET last_seen_at = last_seen_at - interval '31 s'`,
    );
    expect(await readiness()).toMatchObject({ status: 'ready', refusals: [] });
    await workerRefusals.refuse(refusal);
    await workerRefusals.withdraw('1@host');
    expect(await readiness()).toMatchObject({ status: 'ready', refusals: [] });
  });

  it('answers 503 with Retry-After while PostgreSQL is away, and goes on when it is back', async () => {
    const payload = submissionOf(await uploadDataset(service));
    await service.postgres.kill();
    expectProblem(await call(service, 'POST', '/experiments', { payload }), 503, 'database_unavailable');
    expectProblem(await call(service, 'GET', '/experiments'), 503, 'database_unavailable');
    const ready = await call(service, 'GET', '/readyz');
    expectProblem(ready, 503, 'database_unavailable');
    expect(ready.json()).toMatchObject({
      dependencies: { database: { state: 'down' }, storage: { state: 'up' } },
    });
    expect((await call(service, 'GET', '/healthz')).statusCode).toBe(200);
    await service.postgres.restart();
    await vi.waitFor(
      async () => expect((await call(service, 'POST', '/experiments', { payload })).statusCode).toBe(201),
      10_000,
    );
  });

  it('ends waiting answers at once when it closes', async () => {
    const id = await submitExperiment(service);
    const { etag = '' } = (await call(service, 'GET', `/experiments/${id}`)).headers as { etag?: string };
    const poll = call(service, 'GET', `/experiments/${id}`, {
      headers: { 'if-none-match': etag, prefer: 'wait=60' },
    });
    const stream = call(service, 'GET', `/experiments/${id}/events`);
    await call(service, 'GET', '/healthz');
    const started = performance.now();
    await service.app.close();
    expect((await poll).statusCode).toBe(304);
    expect((await stream).body).toContain('retry:');
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
