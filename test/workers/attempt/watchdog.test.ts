// The watchdog ends the process of an engine that hangs, and never that of one which speaks or waits for us.
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watchdog } from '../../../workers/attempt/watchdog.ts';

function watchdog(heartbeatTimeoutMs?: number) {
  const endProcess = vi.fn();
  const info = heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs };
  return { endProcess, dog: new Watchdog({ endProcess, log: pino({ level: 'silent' }) }, { info }) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the watchdog', () => {
  it('ends the process after one and a half heartbeat time-outs of silence', () => {
    const { dog, endProcess } = watchdog(10_000);
    dog.watch();
    vi.advanceTimersByTime(14_999);
    expect(endProcess).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(endProcess).toHaveBeenCalledTimes(1);
  });

  it('begins anew at each sign of the engine', () => {
    const { dog, endProcess } = watchdog(10_000);
    for (let sign = 0; sign < 10; sign += 1) {
      dog.watch();
      vi.advanceTimersByTime(14_000);
    }
    expect(endProcess).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(endProcess).toHaveBeenCalledTimes(1);
  });

  it('does not take the time in which its process stood still for silence of the engine', async () => {
    vi.useRealTimers();
    const { dog, endProcess } = watchdog(100);
    dog.watch();
    const end = performance.now() + 400;
    while (performance.now() < end);
    // Timers that are due come before this.
    await new Promise((resolve) => setImmediate(resolve));
    dog.rest();
    expect(endProcess).not.toHaveBeenCalled();
  });

  it('rests while nothing is expected, and where the activity has no heartbeat time-out', () => {
    const { dog, endProcess } = watchdog(10_000);
    dog.watch();
    dog.rest();
    const unwatched = watchdog();
    unwatched.dog.watch();
    vi.advanceTimersByTime(3_600_000);
    expect(endProcess).not.toHaveBeenCalled();
    expect(unwatched.endProcess).not.toHaveBeenCalled();
  });
});
