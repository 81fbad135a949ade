// Attempts over a store, a database and a clock that go wrong in every way: 500 seeds here, more with `npm run simulate`.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Disturbance } from './disturbances.ts';
import type { UndisturbedRun } from './invariants.ts';
import { report, simulate, undisturbedRun, type Simulated } from './simulate.ts';
import type { Sabotage } from './world.ts';

const seeds = 500;
/** Seeds that are run twice, and those that look for what is broken on purpose. */
const repeatedSeeds = 20;
const sabotagedSeeds = 60;

let undisturbed: UndisturbedRun;
beforeAll(async () => {
  undisturbed = await undisturbedRun();
});

describe('a run of training', () => {
  it(`ends as an undisturbed one does, with ${seeds} seeds of disturbances`, async () => {
    const wrong: string[] = [];
    const endings = new Set<string>();
    let repeatedSteps = 0;
    let attempts = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const simulated = await simulate(seed, undisturbed);
      if (simulated.violation !== undefined) wrong.push(report(simulated));
      endings.add(simulated.outcome);
      repeatedSteps += simulated.counts.stepsRepeated;
      attempts += simulated.counts.attempts;
    }
    expect(wrong.slice(0, 3).join('\n\n')).toBe('');
    // Seeds that hardly disturb would say little.
    expect(attempts).toBeGreaterThan(2 * seeds);
    expect(repeatedSteps).toBeGreaterThan(seeds);
    expect(endings).toEqual(new Set(['completed', 'divergence']));
  }, 120_000);

  it('goes the same way again with the same seed, and another with another', async () => {
    const traces = new Set<string>();
    for (let seed = 1; seed <= repeatedSeeds; seed += 1) {
      const { traceSha256, counts } = await simulate(seed, undisturbed);
      const again = await simulate(seed, undisturbed);
      expect({ traceSha256: again.traceSha256, counts: again.counts }).toEqual({ traceSha256, counts });
      traces.add(traceSha256);
    }
    expect(traces.size).toBe(repeatedSeeds);
  }, 30_000);
});

describe('what is broken on purpose is found', () => {
  const cases: readonly [Sabotage, leastFound: number, what: RegExp, always: readonly Disturbance[]][] = [
    ['leases ignored', 6, /wrote with lease/, []],
    ['steps not compared', 8, /another ledger/, ['wrong steps']],
    ['row before its objects', 50, /manifest of step \d+ is missing/, []],
    ['moment dropped', 30, /divergence|not that of an undisturbed run/, []],
    ['checkpoint before its steps', 6, /another ledger|before the checkpoint/, []],
  ];

  it.each(cases)('%s: in at least %i of 60 seeds', async (sabotage, leastFound, what, always) => {
    const found: Simulated[] = [];
    for (let seed = 1; seed <= sabotagedSeeds; seed += 1) {
      const simulated = await simulate(seed, undisturbed, { sabotage, always });
      if (simulated.violation !== undefined) found.push(simulated);
    }
    expect(found.length).toBeGreaterThanOrEqual(leastFound);
    for (const simulated of found) expect(report(simulated)).toMatch(what);
    expect(found.every(({ tail }) => tail.length > 0 && tail.length <= 50)).toBe(true);
  });

  it('and steps that came out wrong once end as a divergence where they are compared', async () => {
    const endings: string[] = [];
    for (let seed = 1; seed <= sabotagedSeeds; seed += 1) {
      const { violation, outcome } = await simulate(seed, undisturbed, { always: ['wrong steps'] });
      expect(violation).toBeUndefined();
      endings.push(outcome);
    }
    expect(endings.filter((outcome) => outcome === 'divergence').length).toBeGreaterThan(5);
  });
});
