// How long work waits for a database that is away.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../../src/error.ts';
import {
  againAfterOutage,
  throughOutage,
  type OutagePatience,
} from '../../../workers/attempt/database-outage.ts';

const away = new CodedError('database_unavailable', 'PostgreSQL does not answer.');
const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function patienceOf(stopping: AbortSignal, mostSeconds = 60) {
  const heartbeat = vi.fn();
  return { heartbeat, pause: after, stopping, mostSeconds } satisfies OutagePatience;
}

/** How long `work` was waited for, in seconds, and what came of it. */
async function settled(work: Promise<unknown>): Promise<{ seconds: number; result: unknown }> {
  const began = performance.now();
  const ended = work.then(
    (result) => ({ seconds: (performance.now() - began) / 1000, result }),
    (error: unknown) => ({ seconds: (performance.now() - began) / 1000, result: error }),
  );
  await vi.advanceTimersByTimeAsync(600_000);
  return ended;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a database that is away', () => {
  it('is waited for from the first failure on, however long the work before it took', async () => {
    const patience = patienceOf(new AbortController().signal);
    const work = async () => {
      await after(100_000);
      throw away;
    };
    const once = vi.fn<() => Promise<string>>().mockImplementationOnce(work).mockResolvedValueOnce('done');
    expect(await settled(againAfterOutage(patience, once))).toEqual({ seconds: 102, result: 'done' });
  });

  it('is given up after the most seconds', async () => {
    const patience = patienceOf(new AbortController().signal);
    const call = vi.fn(() => Promise.reject(away));
    expect(await settled(throughOutage(patience, call))).toEqual({ seconds: 60, result: away });
    expect(call).toHaveBeenCalledTimes(31);
  });

  it('is not waited for by what fails in another way', async () => {
    const fault = new CodedError('lease_lost', 'Replaced.');
    const patience = patienceOf(new AbortController().signal);
    expect(await settled(throughOutage(patience, () => Promise.reject(fault)))).toEqual({
      seconds: 0,
      result: fault,
    });
  });

  it('costs a worker that is being stopped six seconds, all its calls together', async () => {
    const stopping = new AbortController();
    const patience = patienceOf(stopping.signal);
    const flush = vi
      .fn()
      .mockRejectedValueOnce(away)
      .mockRejectedValueOnce(away)
      .mockResolvedValue('flushed');
    const both = async () => {
      stopping.abort();
      await throughOutage(patience, flush);
      return throughOutage(patience, () => Promise.reject(away));
    };
    expect(await settled(both())).toEqual({ seconds: 6, result: away });
  });

  it('is told of life for while a call goes on, and for long work only between its tries', async () => {
    const call = patienceOf(new AbortController().signal);
    await settled(throughOutage(call, () => after(9_000)));
    expect(call.heartbeat).toHaveBeenCalledTimes(4);
    const work = patienceOf(new AbortController().signal);
    await settled(againAfterOutage(work, () => after(9_000)));
    expect(work.heartbeat).not.toHaveBeenCalled();
  });
});
