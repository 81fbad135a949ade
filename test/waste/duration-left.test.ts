// What is left of the time that an experiment may take, for a workflow that takes the place of another.
import { expect, it } from 'vitest';
import { durationLeftSeconds } from '../../src/waste/duration-left.ts';
import type { TimedAttempt, TimedExperiment } from '../../src/waste/waste.ts';

const at = (seconds: number): Date => new Date(Date.parse('2026-03-01T00:00:00Z') + seconds * 1000);

const attempt = (from: number, to: number | null, cause: TimedAttempt['cause']): TimedAttempt => ({
  phase: 'training',
  startedAt: at(from),
  endedAt: to === null ? null : at(to),
  cause,
  restoredAt: at(from),
  refusedAt: null,
  usefulSeconds: 0,
  repeatedSeconds: 0,
  checkpointSeconds: 0,
  evaluationSeconds: 0,
});

const experiment = (...attempts: TimedAttempt[]): TimedExperiment => ({
  createdAt: at(0),
  finishedAt: null,
  attempts,
  pauses: [{ from: at(120), to: at(1000) }],
});

const left = (durationSeconds: number | null, now: number, ...attempts: TimedAttempt[]) =>
  durationLeftSeconds(
    { spec: { limits: { durationSeconds } }, startedAt: at(100) },
    () => Promise.resolve(experiment(...attempts)),
    at(now),
  );

it('is all of it before the start, and what has not passed since', async () => {
  const queued = { spec: { limits: { durationSeconds: 60 } }, startedAt: null };
  expect(await durationLeftSeconds(queued, () => Promise.reject(new Error('not asked')), at(500))).toBe(60);
  expect(await left(60, 120, attempt(110, 119, 'lost'))).toBe(40);
});

it('is not used up by pauses', async () => {
  expect(await left(60, 1020, attempt(100, 120, 'paused'), attempt(1010, null, null))).toBe(60 - 40);
  expect(await left(60, 900, attempt(100, 120, 'paused'))).toBe(40);
});

it('is never nothing, and nothing is said without a limit', async () => {
  expect(await left(60, 10_000, attempt(110, null, null))).toBe(1);
  expect(await left(null, 10_000)).toBeUndefined();
});
