// A run under a watchdog: what hangs ends the process, whether an event is waited for or the end of its thread.
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrainingEvent } from '../../../src/training/job.ts';
import { watchedRun } from '../../../workers/attempt/watched-run.ts';
import { Watchdog } from '../../../workers/attempt/watchdog.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const limitMilliseconds = 15_000;
const never = new Promise<never>(() => undefined);
const ended: TrainingEvent = { kind: 'ended', outcome: 'finished', step: 1 };

/** A run that tells of its events, and whose thread then ends when `threadEnd` does. */
function watched(tell: () => AsyncIterable<TrainingEvent>, threadEnd: Promise<void> = Promise.resolve()) {
  const endProcess = vi.fn();
  const dependencies = { endProcess, log: pino({ level: 'silent' }) };
  const watchdog = new Watchdog(dependencies, { info: { heartbeatTimeoutMs: 10_000 } });
  const run = { events: tell(), stop: vi.fn(), abandon: () => threadEnd };
  return { endProcess, run: watchedRun(run, watchdog) };
}

/** Two events, as the engine's own iteration gives them: leaving it waits for the thread's end. */
async function* twoEvents(threadEnd: Promise<void> = Promise.resolve()): AsyncGenerator<TrainingEvent> {
  try {
    yield ended;
    yield ended;
  } finally {
    await threadEnd;
  }
}

async function expectEnd(endProcess: ReturnType<typeof vi.fn>): Promise<void> {
  await vi.advanceTimersByTimeAsync(limitMilliseconds - 1);
  expect(endProcess).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(endProcess).toHaveBeenCalledTimes(1);
}

describe('a run under a watchdog', () => {
  it('ends the process when an event does not come', async () => {
    const { endProcess, run } = watched(async function* () {
      yield ended;
      await never;
    });
    const iterator = run.events[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: ended });
    void iterator.next();
    await expectEnd(endProcess);
  });

  it('ends it when the thread does not end after its iteration is left, or is abandoned', async () => {
    const left = watched(() => twoEvents(never));
    const leave = async (): Promise<void> => {
      for await (const event of left.run.events) if (event.kind === 'ended') return;
    };
    void leave();
    await expectEnd(left.endProcess);

    const abandoned = watched(twoEvents, never);
    void abandoned.run.abandon();
    await expectEnd(abandoned.endProcess);
  });

  it('leaves it alone while an event is worked on, and when all is over', async () => {
    const { endProcess, run } = watched(twoEvents);
    for await (const event of run.events) {
      expect(event).toBe(ended);
      await vi.advanceTimersByTimeAsync(10 * limitMilliseconds);
    }
    await run.abandon();
    await vi.advanceTimersByTimeAsync(10 * limitMilliseconds);
    expect(endProcess).not.toHaveBeenCalled();
  });
});
