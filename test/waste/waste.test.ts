// Every second of an experiment lies in one portion, and what brought nothing has its cause.
import { describe, expect, it } from 'vitest';
import { portionsOf } from '../../src/waste/portions.ts';
import { WasteByDay, wasteOf } from '../../src/waste/sums.ts';
import type { TimedAttempt, TimedExperiment } from '../../src/waste/waste.ts';

const start = Date.parse('2026-03-01T23:00:00Z');
const at = (seconds: number): Date => new Date(start + seconds * 1000);
const later = at(1e6);

function attempt(
  from: number,
  to: number | null,
  cause: TimedAttempt['cause'],
  more: Partial<TimedAttempt> = {},
): TimedAttempt {
  return {
    phase: 'training',
    startedAt: at(from),
    endedAt: to === null ? null : at(to),
    cause,
    restoredAt: at(from + 2),
    refusedAt: null,
    usefulSeconds: 0,
    repeatedSeconds: 0,
    checkpointSeconds: 0,
    evaluationSeconds: 0,
    ...more,
  };
}

const ended = (to: number, ...attempts: TimedAttempt[]): TimedExperiment => ({
  createdAt: at(0),
  finishedAt: at(to),
  attempts,
  pauses: [],
});

const waste = (experiment: TimedExperiment, now = later) => wasteOf(portionsOf(experiment, now));

const preparing = attempt(3, 10, 'completed', { phase: 'preparing', restoredAt: null });
const evaluating = attempt(100, 110, 'completed', { phase: 'evaluating', restoredAt: null });

describe('the time of an experiment', () => {
  it('that nothing disturbed is in steps, evaluations and what each attempt begins and ends with', () => {
    const training = attempt(11, 99, 'completed', {
      usefulSeconds: 70,
      checkpointSeconds: 1,
      evaluationSeconds: 10,
    });
    expect(waste(ended(111, preparing, training, evaluating))).toEqual({
      usefulSeconds: 70,
      repeatedSeconds: 0,
      restoringSeconds: 2,
      queuedSeconds: 3 + 1 + 1 + 1,
      stalledSeconds: 1 + 5,
      evaluationSeconds: 10 + 10,
      preparingSeconds: 7,
      pausedSeconds: 0,
      usefulShare: 70 / (70 + 2 + 6 + 6),
      causes: [
        { cause: 'start', seconds: 2 },
        { cause: 'queue', seconds: 6 },
        { cause: 'checkpoint', seconds: 6 },
      ],
    });
  });

  it('after a kill is lost in silence, waiting, restoring and repeated steps, all for that cause', () => {
    const killed = attempt(0, 40, 'lost', { usefulSeconds: 20 });
    const next = attempt(43, 100, 'completed', { usefulSeconds: 45, repeatedSeconds: 10 });
    const told = waste(ended(100, killed, next));
    expect(told).toMatchObject({
      usefulSeconds: 65,
      repeatedSeconds: 10,
      restoringSeconds: 4,
      queuedSeconds: 3,
      stalledSeconds: 18,
    });
    expect(told.causes).toEqual([
      { cause: 'killed', seconds: 18 + 3 + 2 + 10 },
      { cause: 'start', seconds: 2 },
    ]);
  });

  it.each([
    ['lost', { refusedAt: at(60) }, 'stalled'],
    ['lost', {}, 'killed'],
    ['failed', {}, 'machineFault'],
  ] as const)('of an attempt that ended as %s %j is lost as %s', (cause, more, named) => {
    const first = attempt(0, 40, cause, { usefulSeconds: 20, ...more });
    const { causes } = waste(ended(100, first, attempt(50, 100, 'completed', { usefulSeconds: 48 })));
    expect(causes.find((each) => each.cause === named)).toEqual({ cause: named, seconds: 18 + 10 + 2 });
  });

  it('handed back at a deploy costs the waiting and the start anew, and its last checkpoint', () => {
    const first = attempt(0, 40, 'handedBack', { usefulSeconds: 37 });
    const { causes } = waste(ended(100, first, attempt(50, 100, 'completed', { usefulSeconds: 48 })));
    expect(causes).toEqual([
      { cause: 'deploy', seconds: 12 },
      { cause: 'start', seconds: 2 },
      { cause: 'checkpoint', seconds: 1 },
    ]);
  });

  it('of an experiment that failed is lost to the failure, and its start anew to none', () => {
    const { causes } = waste(ended(40, attempt(0, 40, 'failed', { usefulSeconds: 20 })));
    expect(causes).toEqual([
      { cause: 'failed', seconds: 18 },
      { cause: 'start', seconds: 2 },
    ]);
  });

  it('in a pause is no waste; the wait after the resume and the start anew are', () => {
    const first = attempt(0, 40, 'paused', { usefulSeconds: 38 });
    const next = attempt(900, 1000, 'completed', { usefulSeconds: 98 });
    const told = waste({ ...ended(1000, first, next), pauses: [{ from: at(40), to: at(890) }] });
    expect(told).toMatchObject({ pausedSeconds: 850, queuedSeconds: 10, usefulShare: 136 / 150 });
    expect(told.causes).toContainEqual({ cause: 'paused', seconds: 10 + 2 });
  });

  it('in a pause is none either where no attempt had begun, or one was lost, or it lasts', () => {
    const killed = attempt(20, 40, 'lost', { usefulSeconds: 18 });
    const pauses = [
      { from: at(5), to: at(10) },
      { from: at(45), to: at(60) },
      { from: at(70), to: null },
    ];
    const experiment = { createdAt: at(0), finishedAt: null, attempts: [killed], pauses };
    const told = waste(experiment, at(100));
    expect(told).toMatchObject({ pausedSeconds: 5 + 15 + 30, queuedSeconds: 15 + 5 + 10 });
    expect(told.causes).toContainEqual({ cause: 'killed', seconds: 5 + 10 });
  });

  it('in attempts at preparing and evaluating that did not complete came to nothing', () => {
    const lost = attempt(0, 30, 'lost', { phase: 'preparing', restoredAt: null });
    const handedBack = attempt(30, 50, 'handedBack', { phase: 'evaluating', restoredAt: null });
    const told = waste(ended(50, lost, handedBack));
    expect(told).toMatchObject({ stalledSeconds: 50, preparingSeconds: 0, evaluationSeconds: 0 });
    expect(told.causes).toEqual([
      { cause: 'killed', seconds: 30 },
      { cause: 'deploy', seconds: 20 },
    ]);
  });

  it('of a fork that computes its first steps anew is lost to the fork', () => {
    const only = attempt(0, 40, 'completed', { usefulSeconds: 20, repeatedSeconds: 18 });
    expect(waste(ended(40, only)).causes).toContainEqual({ cause: 'fork', seconds: 18 });
  });

  it('of an attempt that runs counts as far as it has reported', () => {
    const running = attempt(0, null, null, { usefulSeconds: 20 });
    const experiment = { createdAt: at(0), finishedAt: null, attempts: [running], pauses: [] };
    expect(waste(experiment, at(60))).toMatchObject({
      usefulSeconds: 20,
      stalledSeconds: 0,
      queuedSeconds: 0,
    });
    const restoring = { ...experiment, attempts: [attempt(0, null, null, { restoredAt: null })] };
    expect(waste(restoring, at(60))).toMatchObject({ restoringSeconds: 60, usefulShare: 0 });
    expect(waste({ ...experiment, attempts: [] }, at(0))).toMatchObject({ usefulShare: null, causes: [] });
  });

  it('adds up to its length, also where a worker’s clock ran faster than the database’s', () => {
    const fast = attempt(11, 99, 'lost', { usefulSeconds: 80, repeatedSeconds: 20, evaluationSeconds: 5 });
    const portions = portionsOf(ended(111, preparing, fast, evaluating), later);
    expect(portions.reduce((total, { seconds }) => total + seconds, 0)).toBeCloseTo(111, 9);
    expect(portions.filter(({ seconds }) => seconds < 0)).toEqual([]);
  });
});

describe('days', () => {
  const killed = attempt(0, 7200, 'lost', { usefulSeconds: 3600, restoredAt: at(0) });
  const portions = portionsOf(ended(7200, killed), later);
  const midnight = Date.parse('2026-03-02T00:00:00Z');
  const day = 86_400_000;

  it('share what lies across midnight', () => {
    const sums = new WasteByDay({ from: midnight - day, to: midnight + day });
    for (const portion of portions) sums.add(portion);
    expect(sums.days()).toEqual([
      { day: '2026-03-01', usefulSeconds: 1800, causes: new Map([['killed', 1800]]) },
      { day: '2026-03-02', usefulSeconds: 1800, causes: new Map([['killed', 1800]]) },
    ]);
  });

  it('outside the range are left out', () => {
    const sums = new WasteByDay({ from: midnight, to: midnight + day });
    for (const portion of portions) sums.add(portion);
    expect(sums.days().map((each) => each.day)).toEqual(['2026-03-02']);
  });
});
