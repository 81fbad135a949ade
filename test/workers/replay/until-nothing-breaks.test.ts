// What the coordinator worker tells of workflows that its code would break, while it looks again and again.
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WorkerRefusal } from '../../../src/database/worker-refusal-repository.ts';
import type { ReplayedRun } from '../../../src/experiment/replay.ts';
import { untilNothingBreaks, type PollingCheck } from '../../../workers/replay/until-nothing-breaks.ts';

// The timers of the test's clock, which leaves those of this module alone.
vi.mock('node:timers/promises', () => ({
  setTimeout: (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}));

/** A refusal is shown for so long after it was told. */
const silenceSeconds = 30;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A worker whose looks take and find what is given; what it tells, and when by the clock, in seconds. */
function worker(
  looks: readonly { readonly seconds: number; readonly finds: readonly ReplayedRun[] | Error }[],
) {
  const began = Date.now();
  const told: { readonly seconds: number; readonly refuses: readonly string[] }[] = [];
  const tell = (refuses: readonly string[]): Promise<void> => {
    told.push({ seconds: (Date.now() - began) / 1000, refuses });
    return Promise.resolve();
  };
  const open = looks.values();
  const look = async (): Promise<readonly ReplayedRun[]> => {
    const { seconds, finds } = open.next().value ?? { seconds: 0, finds: [] };
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    if (finds instanceof Error) throw finds;
    return finds;
  };
  const check = {
    client: { withDeadline: look },
    refusals: {
      refuse: ({ workflows }: WorkerRefusal) => tell(workflows.map(({ workflowId }) => workflowId)),
      withdraw: () => tell([]),
    },
    workerId: '1@host',
    log: pino({ level: 'silent' }),
  } as unknown as PollingCheck;
  return { check, told };
}

const broken = [{ workflowId: 'exp_1', reason: 'another activity' }] as unknown as readonly ReplayedRun[];

it('goes on saying what breaks while it looks, however long that takes or fails, until it withdraws it', async () => {
  const { check, told } = worker([
    { seconds: 1, finds: broken },
    { seconds: 60, finds: new Error('DEADLINE_EXCEEDED') },
    { seconds: 60, finds: broken },
    { seconds: 60, finds: [] },
  ]);
  const polls = untilNothingBreaks(check, { sample: 20, allowedBreaks: [] }, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(300_000);
  await polls;
  const refused = told.slice(0, -1);
  expect(refused.every(({ refuses }) => refuses.includes('exp_1'))).toBe(true);
  const gaps = told.slice(1).map(({ seconds }, index) => seconds - (told[index]?.seconds ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(silenceSeconds);
  expect(told.at(-1)).toEqual({ seconds: 211, refuses: [] });
});

it('tells nothing while nothing is known to break', async () => {
  const { check, told } = worker([{ seconds: 60, finds: [] }]);
  const polls = untilNothingBreaks(check, { sample: 20, allowedBreaks: [] }, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(60_000);
  await polls;
  expect(told).toEqual([{ seconds: 60, refuses: [] }]);
});
