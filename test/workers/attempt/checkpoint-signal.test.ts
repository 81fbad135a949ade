// Signals of checkpoints: rarer the older an attempt is, never waited for long, and no fault when they fail.
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CheckpointSignal } from '../../../workers/attempt/checkpoint-signal.ts';

const notice = { checkpoint: null, longestRunSeconds: null };

/** A client that notes the deadlines it is given and the workflows it signals. */
function fakeClient(signal: () => Promise<void> = () => Promise.resolve()) {
  const signalled: string[] = [];
  const deadlines: number[] = [];
  const client = {
    workflow: {
      getHandle: (id: string) => ({
        signal: () => {
          signalled.push(id);
          return signal();
        },
      }),
    },
    withDeadline: (deadline: number, work: () => Promise<void>) => {
      deadlines.push(deadline);
      return work();
    },
  };
  return { signalled, deadlines, client: client as unknown as Client };
}

const open = (client: Client) => new CheckpointSignal(client, pino({ level: 'silent' }), 'exp_1');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the signal of a checkpoint', () => {
  it('has five seconds', async () => {
    const { client, deadlines, signalled } = fakeClient();
    await open(client).send(notice);
    expect(deadlines).toEqual([Date.now() + 5_000]);
    expect(signalled).toHaveLength(1);
  });

  it('that fails is no fault of the attempt', async () => {
    const { client } = fakeClient(() => Promise.reject(new Error('deadline')));
    await expect(open(client).send(notice)).resolves.toBeUndefined();
  });

  it('is due ten seconds after the beginning and after the last, and a hundredth of its age in an old attempt', async () => {
    const signal = open(fakeClient().client);
    expect(signal.isDue).toBe(false);
    await signal.send(notice);
    vi.advanceTimersByTime(9_999);
    expect(signal.isDue).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.isDue).toBe(true);
    vi.advanceTimersByTime(100 * 3_600_000);
    await signal.send(notice);
    vi.advanceTimersByTime(3_599_000);
    expect(signal.isDue).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(signal.isDue).toBe(true);
  });
});
