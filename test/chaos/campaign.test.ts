// A short campaign: two experiments' twins, then the same ones while everything is hurt in half a minute.
import { expect, it } from 'vitest';
import { runCampaign } from './campaign.ts';
import { findVersitygw } from '../storage/stores.ts';
import { killsOf } from './report.ts';
import { scheduleFaults } from './schedule.ts';

/** Chosen because its first seconds hold kills of every kind of process, a full disk, a clock that jumps and a cut request. */
const seed = 5807;
const seconds = 26;

it.skipIf(findVersitygw() === undefined)(
  'experiments that are disturbed by all kinds of faults end as their undisturbed twins, and nothing is left',
  async () => {
    const result = await runCampaign({ seed, seconds, recipes: 2, rows: 400, log: () => undefined });
    expect(result.faults.map(({ scheduled }) => scheduled)).toEqual(scheduleFaults(seed, seconds));
    expect(
      result.faults.filter(({ scheduled, wasInjected }) => !wasInjected && scheduled.fault !== 'full'),
    ).toEqual([]);
    expect(killsOf(result.faults)).toBe(7);
    expect(result.problems).toEqual([]);
    expect(result.experiments.flatMap(({ problems }) => problems)).toEqual([]);
    expect(result.experiments.length).toBeGreaterThanOrEqual(2);
    const attempts = result.experiments.flatMap(({ outcome }) => outcome.attempts);
    expect(attempts.filter(({ cause }) => cause === 'lost')).not.toEqual([]);
  },
  180_000,
);
