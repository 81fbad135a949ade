// The frame of an attempt: it outlasts a database that is away, and notes why it ended.
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../../src/error.ts';
import { runAttempt, type AttemptDependencies } from '../../../workers/attempt/run-attempt.ts';
import { throwIfEnding } from '../../../workers/attempt/worker-stopping.ts';

const experiment = { projectId: 'default', experimentId: 'exp_1' };
const holder = { ...experiment, lease: 1, token: '' };
const away = new CodedError('database_unavailable', 'The database does not answer.');

/** A repository whose first `failures` beginnings fail. */
function dependencies(failures: number, error: Error = away, stopping = new AbortController().signal) {
  let begun = 0;
  const beginAttempt = vi.fn(() => {
    begun += 1;
    return begun <= failures ? Promise.reject(error) : Promise.resolve(holder);
  });
  const finishAttempt = vi.fn<AttemptDependencies['repositories']['attempts']['finishAttempt']>(() =>
    Promise.resolve(),
  );
  return {
    repositories: { attempts: { beginAttempt, finishAttempt } },
    host: 'host',
    stopping,
    log: pino({ level: 'silent' }),
  };
}

function environment() {
  const activity = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const heartbeats: unknown[] = [];
  activity.on('heartbeat', (details: unknown) => heartbeats.push(details));
  return { activity, heartbeats };
}

/** Runs an attempt that does `work`, and lets the time of ten minutes pass. */
async function attempt<T>(
  given: AttemptDependencies,
  work: () => Promise<T>,
  { activity } = environment(),
): Promise<PromiseSettledResult<T>> {
  const running = activity.run((): Promise<T> => runAttempt(given, experiment, 'training', work));
  const settled = Promise.allSettled([running]);
  await vi.advanceTimersByTimeAsync(600_000);
  return (await settled)[0];
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('an attempt', () => {
  it('waits with heartbeats for a database that is away, and then does its work once', async () => {
    const given = dependencies(3);
    const { activity, heartbeats } = environment();
    const work = vi.fn(() => Promise.resolve('done'));
    expect(await attempt(given, work, { activity, heartbeats })).toEqual({
      status: 'fulfilled',
      value: 'done',
    });
    expect(given.repositories.attempts.beginAttempt).toHaveBeenCalledTimes(4);
    expect(heartbeats).toHaveLength(3);
    expect(work).toHaveBeenCalledTimes(1);
    expect(given.repositories.attempts.finishAttempt.mock.calls).toEqual([[holder, { cause: 'completed' }]]);
  });

  it('sends heartbeats while the database is long in answering', async () => {
    const given = dependencies(0);
    given.repositories.attempts.beginAttempt.mockImplementation(
      () => new Promise((resolve) => setTimeout(() => resolve(holder), 9_000)),
    );
    const { activity, heartbeats } = environment();
    await attempt(given, () => Promise.resolve(), { activity, heartbeats });
    expect(heartbeats).toHaveLength(4);
  });

  it('fails at once when it may not begin for another reason', async () => {
    const given = dependencies(1, new CodedError('transition_not_allowed', 'The experiment has ended.'));
    expect(await attempt(given, () => Promise.resolve())).toMatchObject({
      reason: { code: 'transition_not_allowed' },
    });
    expect(given.repositories.attempts.beginAttempt).toHaveBeenCalledTimes(1);
  });

  it('waits no longer when it is cancelled', async () => {
    const { activity, heartbeats } = environment();
    activity.on('heartbeat', () => activity.cancel('CANCELLED'));
    const outcome = await attempt(dependencies(Infinity), () => Promise.resolve(), { activity, heartbeats });
    expect(outcome).toMatchObject({ reason: expect.any(CancelledFailure) as unknown });
    expect(heartbeats).toHaveLength(1);
  });

  it('waits for 6 s more when its worker is being stopped', async () => {
    const stopping = new AbortController();
    const { activity, heartbeats } = environment();
    activity.on('heartbeat', () => stopping.abort());
    const given = dependencies(Infinity, away, stopping.signal);
    expect(await attempt(given, () => Promise.resolve(), { activity, heartbeats })).toMatchObject({
      reason: { code: 'database_unavailable' },
    });
    // At 0, 2, 4 and 6 s.
    expect(given.repositories.attempts.beginAttempt).toHaveBeenCalledTimes(4);
  });

  it.each([
    ['its work is done', () => Promise.resolve(), { cause: 'completed' }],
    ['it hands its work back', () => Promise.reject(stopFailure()), { cause: 'handedBack' }],
  ])('has its end noted once a database is back that was away when %s', async (_, work, end) => {
    const given = dependencies(0);
    given.repositories.attempts.finishAttempt.mockRejectedValueOnce(away).mockRejectedValueOnce(away);
    await attempt(given, work);
    expect(given.repositories.attempts.finishAttempt.mock.calls).toEqual(Array(3).fill([holder, end]));
  });

  it('ends with that fault where the database stays away', async () => {
    const given = dependencies(0);
    given.repositories.attempts.finishAttempt.mockRejectedValue(away);
    expect(await attempt(given, () => Promise.resolve())).toMatchObject({ reason: away });
  });

  it.each([
    ['failed', () => new CodedError('engine_failed', 'It broke.'), { message: 'It broke.' }],
    ['failed', () => new Error('/a/path'), { message: 'The worker met an unexpected fault.' }],
    ['cancelled', () => new CancelledFailure('cancelled'), {}],
    ['handedBack', stopFailure, {}],
  ])('notes that it ended as %s', async (cause, error, more) => {
    const given = dependencies(0);
    const thrown = error();
    expect(await attempt(given, () => Promise.reject(thrown))).toEqual({
      status: 'rejected',
      reason: thrown,
    });
    expect(given.repositories.attempts.finishAttempt.mock.calls).toEqual([[holder, { cause, ...more }]]);
  });

  it('says that memory ran out, not that a fault was unexpected', async () => {
    const given = dependencies(0);
    const result = await attempt(given, () =>
      Promise.reject(new RangeError('Array buffer allocation failed')),
    );
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'out_of_memory' } });
    const message = 'Memory for the work could not be allocated.';
    expect(given.repositories.attempts.finishAttempt.mock.calls).toEqual([
      [holder, { cause: 'failed', message }],
    ]);
  });
});

function stopFailure(): Error {
  try {
    throwIfEnding(AbortSignal.abort(), { cancellationSignal: AbortSignal.abort() });
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

describe('a stop of the worker', () => {
  it('goes before a cancellation and is to be tried again', () => {
    expect(stopFailure()).toBeInstanceOf(ApplicationFailure);
    expect(stopFailure()).toMatchObject({ type: 'worker_stopping', nonRetryable: false });
  });

  it('is none where only a cancellation is, and neither throws where none is', () => {
    const running = new AbortController().signal;
    expect(() => throwIfEnding(running, { cancellationSignal: AbortSignal.abort() })).toThrow(
      CancelledFailure,
    );
    expect(() => throwIfEnding(running, { cancellationSignal: running })).not.toThrow();
  });
});
