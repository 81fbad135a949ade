// Reading, waiting for, listing, pausing and cancelling experiments over HTTP.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutboxRow } from '../../src/database/outbox.ts';
import {
  call,
  expectNotChanged,
  expectProblem,
  startService,
  submissionOf,
  submitExperiment,
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

describe('an experiment', () => {
  it('has an ETag of its version; what is known is answered 304, at once without Prefer', async () => {
    const id = await submitExperiment(service);
    const first = await call(service, 'GET', `/experiments/${id}`);
    const { etag = '' } = first.headers as { etag?: string };
    expect(etag).toBe(`"${first.json<{ version: number }>().version}"`);
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await call(service, 'GET', `/experiments/${id}`, { headers: { 'if-none-match': tag } });
      expectNotChanged(again);
    }
    const other = await call(service, 'GET', `/experiments/${id}`, { headers: { 'if-none-match': '"0"' } });
    expect(other.statusCode).toBe(200);
  });

  it('is held back with Prefer: wait until it changes', async () => {
    const id = await submitExperiment(service);
    const { version } = (await call(service, 'GET', `/experiments/${id}`)).json<{ version: number }>();
    const headers = { 'if-none-match': `"${version}"`, prefer: 'wait=600' };
    const waiting = call(service, 'GET', `/experiments/${id}`, { headers });
    const early = await Promise.race([waiting, call(service, 'GET', '/healthz')]);
    expect(early.json()).toEqual({ status: 'alive' });
    await call(service, 'POST', `/experiments/${id}/cancel`);
    const response = await waiting;
    expect(response.statusCode).toBe(200);
    expect(response.headers['preference-applied']).toBe('wait=60');
    expect(response.json()).toMatchObject({ requestedAction: 'cancel' });
  });

  // The second change may come too late on a machine that is very busy.
  it('is answered once for changes that come in a row', { retry: 3 }, async () => {
    const { transitions } = service.repositories;
    const id = await submitExperiment(service);
    const { version } = (await call(service, 'GET', `/experiments/${id}`)).json<{ version: number }>();
    const headers = { 'if-none-match': `"${version}"`, prefer: 'wait=60' };
    const waiting = call(service, 'GET', `/experiments/${id}`, { headers });
    // Came later than the one that waits.
    await call(service, 'GET', `/experiments/${id}`);
    for (const [index, state] of (['preparing', 'training'] as const).entries()) {
      const transition = { projectId: 'default', experimentId: id, sequence: index + 1, state, error: null };
      await transitions.recordTransition(transition);
      // Longer than an answer takes, and much shorter than a burst.
      await delay(15);
    }
    expect((await waiting).json()).toMatchObject({ state: 'training', version: version + 2 });
  });

  // As above.
  it('is answered at once when it ends', { retry: 3 }, async () => {
    const { transitions, results, pins } = service.repositories;
    const experimentId = await submitExperiment(service);
    const reference = { projectId: 'default', experimentId };
    const history = `sha256:${'0'.repeat(64)}`;
    await pins.forUpload('default')([history]);
    const { version } = (await call(service, 'GET', `/experiments/${experimentId}`)).json<{
      version: number;
    }>();
    const headers = { 'if-none-match': `"${version}"`, prefer: 'wait=60' };
    const waiting = call(service, 'GET', `/experiments/${experimentId}`, { headers });
    await call(service, 'GET', `/experiments/${experimentId}`);
    for (const [index, state] of (['preparing', 'cancelled'] as const).entries())
      await transitions.recordTransition({ ...reference, sequence: index + 1, state, error: null });
    await delay(15);
    await results.setHistory(reference, history);
    expect((await waiting).json()).toMatchObject({ state: 'cancelled', version: version + 2 });
  });

  it('is answered 304 when nothing changes within the wait', async () => {
    const id = await submitExperiment(service);
    const { version } = (await call(service, 'GET', `/experiments/${id}`)).json<{ version: number }>();
    const started = performance.now();
    const headers = { 'if-none-match': `"${version}"`, prefer: 'respond-async, wait=1' };
    const response = await call(service, 'GET', `/experiments/${id}`, { headers });
    expect(response.statusCode).toBe(304);
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  it('says what it waits for', async () => {
    const { transitions, attempts, outbox } = service.repositories;
    const id = await submitExperiment(service);
    const waitingFor = async () =>
      (await call(service, 'GET', `/experiments/${id}`)).json<{ waitingFor: object | null }>().waitingFor;
    let row: OutboxRow | undefined;
    do row = await outbox.claim();
    while (row && row.experimentId !== id);
    await outbox.postpone(row!, 'away', 0);
    expect(await waitingFor()).toEqual({ kind: 'temporal', queue: 'bert-coordinator-task-queue' });
    await outbox.delivered(row!);
    const reference = { projectId: 'default', experimentId: id };
    await transitions.recordTransition({ ...reference, sequence: 2, state: 'training', error: null });
    expect(await waitingFor()).toEqual({ kind: 'worker', queue: 'bert-training-task-queue' });
    await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
    expect(await waitingFor()).toBeNull();
  });

  it('is cancelled: asked for, then already so; refused once it has ended otherwise', async () => {
    const id = await submitExperiment(service);
    const cancel = () => call(service, 'POST', `/experiments/${id}/cancel`);
    expect((await cancel()).statusCode).toBe(202);
    expect((await cancel()).statusCode).toBe(200);
    const reference = { projectId: 'default', experimentId: id };
    await service.repositories.transitions.recordTransition({
      ...reference,
      sequence: 9,
      state: 'failed',
      error: null,
    });
    const refused = await cancel();
    expectProblem(refused, 409, 'transition_not_allowed');
    expect(refused.json<{ detail: string }>().detail).toContain('failed');
  });

  it('is paused and resumed: asked for, then already so; refused in a state that allows neither', async () => {
    const id = await submitExperiment(service);
    const ask = async (action: 'pause' | 'resume') => {
      const response = await call(service, 'POST', `/experiments/${id}/${action}`);
      return [response.statusCode, response.json<{ requestedAction?: string }>().requestedAction];
    };
    const enter = (state: 'paused' | 'training' | 'evaluating', sequence: number) =>
      service.repositories.transitions.recordTransition({
        projectId: 'default',
        experimentId: id,
        sequence,
        state,
        error: null,
      });
    expect(await ask('resume')).toEqual([200, null]);
    expect(await ask('pause')).toEqual([202, 'pause']);
    expect(await ask('pause')).toEqual([200, 'pause']);
    await enter('paused', 1);
    expect(await ask('pause')).toEqual([200, null]);
    expect((await call(service, 'GET', `/experiments/${id}`)).json()).toMatchObject({
      state: 'paused',
      waitingFor: null,
    });
    expect(await ask('resume')).toEqual([202, 'resume']);
    await enter('training', 2);
    expect(await ask('resume')).toEqual([200, null]);
    await enter('evaluating', 3);
    for (const action of ['pause', 'resume'])
      expectProblem(
        await call(service, 'POST', `/experiments/${id}/${action}`),
        409,
        'transition_not_allowed',
      );
    expectProblem(await call(service, 'POST', '/experiments/exp_none/pause'), 404, 'not_found');
  });
});

describe('the list', () => {
  it('pages, filters, and leaves spec and evaluation out', async () => {
    for (const name of ['listed one', 'listed two', 'listed three'])
      await submit({ ...submissionOf(dataset), name, tags: ['listed'] });
    const first = (await call(service, 'GET', '/experiments?tag=listed&limit=2&sort=createdAt')).json<{
      items: Record<string, unknown>[];
      nextCursor: string;
    }>();
    expect(first.items.map(({ name }) => name)).toEqual(['listed one', 'listed two']);
    expect(first.items[0]).not.toHaveProperty('spec');
    expect(first.items[0]).not.toHaveProperty('evaluation');
    const second = await call(
      service,
      'GET',
      `/experiments?tag=listed&limit=2&sort=createdAt&cursor=${first.nextCursor}`,
    );
    expect(second.json()).toMatchObject({ items: [{ name: 'listed three' }], nextCursor: null });
    const future = await call(service, 'GET', '/experiments?createdAfter=2999-01-01T00:00:00Z');
    expect(future.json()).toEqual({ items: [], nextCursor: null });
    const past = await call(service, 'GET', '/experiments?createdBefore=0000-01-01T00:00:00Z');
    expect(past.json()).toEqual({ items: [], nextCursor: null });
  });

  it.each([
    ['limit=0', '/limit'],
    ['limit=201', '/limit'],
    ['limit=2.5', '/limit'],
    ['limit=ten', '/limit'],
    ['limit=1&limit=2', '/limit'],
    ['state=done', '/state'],
    ['sort=name', '/sort'],
    ['cursor=AAAA', '/cursor'],
    ['createdAfter=yesterday', '/createdAfter'],
    ['createdBefore=2016-12-31T23:59:60Z', '/createdBefore'],
    ['offset=1', '/offset'],
    ['__proto__=1', '/__proto__'],
    ['name=%00', '/name'],
  ])('refuses ?%s', async (query, path) => {
    expectProblem(await call(service, 'GET', `/experiments?${query}`), 400, 'invalid_request', [path]);
  });
});
