// Heartbeats of an activity whose engine works: by the clock while its session opens, of the engine alone from then on.
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { whileEngineWorks } from '../../../workers/attempt/while-engine-works.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const { context } = new MockActivityEnvironment(
    { heartbeatTimeoutMs: 10_000 },
    { logger: new DefaultLogger('ERROR') },
  );
  const heartbeat = vi.spyOn(context, 'heartbeat');
  const stopping = new AbortController();
  const endProcess = vi.fn();
  const dependencies = { stopping: stopping.signal, endProcess, log: pino({ level: 'silent' }) };
  return { context, heartbeat, stopping, endProcess, dependencies };
}

const never = new Promise<never>(() => undefined);

describe('work of the engine', () => {
  it('shows signs of life while its session opens, for however long', async () => {
    const { context, heartbeat, endProcess, dependencies } = setUp();
    const opened = new Promise((resolve) => setTimeout(resolve, 60_000));
    const working = whileEngineWorks(dependencies, context, async ({ onProgress }) => {
      await opened;
      onProgress(0, 1);
      return 'logits';
    });
    for (let silence = 0; silence < 6; silence += 1) {
      heartbeat.mockClear();
      await vi.advanceTimersByTimeAsync(9_999);
      expect(heartbeat).toHaveBeenCalled();
    }
    await vi.advanceTimersByTimeAsync(100);
    expect(await working).toBe('logits');
    expect(endProcess).not.toHaveBeenCalled();
  });

  it('shows none once it is open and hangs, and the process ends', async () => {
    const { context, heartbeat, endProcess, dependencies } = setUp();
    void whileEngineWorks(dependencies, context, ({ onProgress }) => {
      onProgress(0, 2);
      onProgress(1, 2);
      return never;
    });
    await vi.advanceTimersByTimeAsync(14_999);
    expect(heartbeat.mock.calls).toEqual([[{ done: 0, total: 2 }], [{ done: 1, total: 2 }]]);
    expect(endProcess).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(endProcess).toHaveBeenCalledTimes(1);
  });

  it('that fails leaves neither heartbeats nor a watch behind, and fails as a stop where it was stopped', async () => {
    const { context, heartbeat, stopping, endProcess, dependencies } = setUp();
    const refused = new Error('no such operator');
    const fail = () => Promise.reject(refused);
    await expect(whileEngineWorks(dependencies, context, fail)).rejects.toBe(refused);
    const stopped = whileEngineWorks(dependencies, context, ({ signal, onProgress }) => {
      onProgress(0, 1);
      stopping.abort();
      return Promise.reject(signal.reason as Error);
    });
    await expect(stopped).rejects.toMatchObject({ type: 'worker_stopping' });
    heartbeat.mockClear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heartbeat).not.toHaveBeenCalled();
    expect(endProcess).not.toHaveBeenCalled();
  });
});
