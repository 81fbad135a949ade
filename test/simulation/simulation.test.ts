import { expect, it } from 'vitest';
import { simulate, report, undisturbedRun } from './simulate.ts';

it('t', async () => {
  const t = performance.now();
  let bad = 0; const u = await undisturbedRun();
  const outcomes = new Map<string, number>();
  let ev = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const r = await simulate(seed, u);
    outcomes.set(r.outcome, (outcomes.get(r.outcome) ?? 0) + 1);
    ev += r.counts.events;
    if (r.violation) {
      bad += 1;
      if (bad < 3) console.log(report(r));
      else console.log(seed, r.violation.split('\n')[0]);
    }
  }
  console.log(outcomes, bad, ev, performance.now() - t);
  expect(bad).toBe(0);
}, 100_000);
