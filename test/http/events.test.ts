// An experiment's events through the client that users have, over a real socket.
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Value } from 'typebox/value';
import { createClient, type Client, type ExperimentEvent } from '../../openapi/client.ts';
import { eventStream } from '../../src/http/experiment/event-stream.ts';
import { eventSchema } from '../../src/http/schemas/result.ts';
import { beginTraining, call, expectProblem, startService, type Service } from './fixture.ts';

let service: Service;
let client: Client;

beforeAll(async () => {
  service = await startService();
  await service.app.listen({ port: 0, host: '127.0.0.1' });
  client = createClient(`http://127.0.0.1:${(service.app.server.address() as AddressInfo).port}/`);
});

afterAll(() => service.stop());

describe('events', () => {
  it('stream from the first to the last and end there, and resume after any of them without gap or repeat', async () => {
    const holder = await beginTraining(service);
    const received: ExperimentEvent[] = [];
    const reading = (async () => {
      for await (const event of client.events(holder.experimentId)) received.push(event);
    })();
    await vi.waitFor(() => expect(received.length).toBe(3));
    await client.cancel(holder.experimentId);
    await vi.waitFor(() => expect(received.at(-1)?.type).toBe('cancelRequested'));
    await service.repositories.transitions.recordTransition({
      ...holder,
      sequence: 2,
      state: 'cancelled',
      error: null,
    });
    await reading;
    expect(received.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(received.map(({ type }) => type)).toEqual([
      'created',
      'stateChanged',
      'attemptStarted',
      'cancelRequested',
      'attemptEnded',
      'stateChanged',
    ]);
    for (const { id } of received) {
      const rest: ExperimentEvent[] = [];
      for await (const event of client.events(holder.experimentId, { lastEventId: id })) rest.push(event);
      expect(rest).toEqual(received.slice(id));
    }
    const over = await call(service, 'GET', `/experiments/${holder.experimentId}/events`, {
      headers: { 'last-event-id': '6' },
    });
    expect(over.statusCode).toBe(204);
    const wrong = await call(service, 'GET', `/experiments/${holder.experimentId}/events`, {
      headers: { 'last-event-id': 'x' },
    });
    expectProblem(wrong, 400, 'invalid_request');
  });

  it('end at once when the signal of the client that has gone aborts', async () => {
    const holder = await beginTraining(service);
    const gone = new AbortController();
    const texts: string[] = [];
    const reading = (async () => {
      for await (const text of eventStream(service, holder, 0, gone.signal)) texts.push(text);
    })();
    await vi.waitFor(() => expect(texts).toHaveLength(4));
    gone.abort();
    const started = performance.now();
    await reading;
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('go on over a restart of the service, each once, also while it is away', async () => {
    const holder = await beginTraining(service);
    const first = await service.buildAnother();
    await first.listen({ port: 0, host: '127.0.0.1' });
    const { port } = first.server.address() as AddressInfo;
    const received: ExperimentEvent[] = [];
    const reading = (async () => {
      for await (const event of createClient(`http://127.0.0.1:${port}`).events(holder.experimentId))
        received.push(event);
    })();
    await vi.waitFor(() => expect(received).toHaveLength(3));
    await first.close();
    const { transitions, requests } = service.repositories;
    await requests.request(holder, 'cancel');
    const second = await service.buildAnother();
    await second.listen({ port, host: '127.0.0.1' });
    await vi.waitFor(() => expect(received.at(-1)?.type).toBe('cancelRequested'), { timeout: 5000 });
    await transitions.recordTransition({ ...holder, sequence: 2, state: 'cancelled', error: null });
    await reading;
    expect(received.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
    await second.close();
  });

  it('are refused of an experiment that does not exist, and end with the reason of the reader’s signal', async () => {
    const read = async (id: string, signal?: AbortSignal): Promise<void> => {
      const events = client.events(id, { ...(signal && { signal }) });
      while ((await events.next()).done !== true);
    };
    await expect(read('exp_none')).rejects.toMatchObject({ code: 'not_found' });
    const gone = new AbortController();
    const reading = read((await beginTraining(service)).experimentId, gone.signal);
    const reason = new Error('enough');
    gone.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('are of the documented types and form, and the end of an attempt has one form', async () => {
    const { attempts } = service.repositories;
    const holder = await beginTraining(service);
    await attempts.finishAttempt(holder, { cause: 'handedBack' });
    await attempts.beginAttempt({ ...holder, phase: 'training', host: 'host' });
    const cancelled = { ...holder, sequence: 2, state: 'cancelled', error: null } as const;
    await service.repositories.transitions.recordTransition(cancelled);
    const received: ExperimentEvent[] = [];
    for await (const event of client.events(holder.experimentId)) received.push(event);
    for (const event of received) expect(Value.Errors(eventSchema, event)).toEqual([]);
    expect(Value.Errors(eventSchema, { ...received[0], type: 'other' })).not.toEqual([]);
    const ends = received.filter(({ type }) => type === 'attemptEnded').map(({ data }) => data);
    expect(ends).toEqual([
      { lease: 1, phase: 'training', cause: 'handedBack', message: null },
      { lease: 2, phase: 'training', cause: 'cancelled', message: null },
    ]);
  });
});
