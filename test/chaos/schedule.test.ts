// A seed says what a campaign does.
import { describe, expect, it } from 'vitest';
import { clockTargets, diskTargets, processTargets, scheduleFaults, storeFaults } from './schedule.ts';

const nameOf = ({ fault, target }: { fault: string; target: string }): string => `${fault} of ${target}`;

describe('the schedule of a campaign', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(scheduleFaults(7, 600)).toEqual(scheduleFaults(7, 600));
    expect(scheduleFaults(7, 600)).not.toEqual(scheduleFaults(8, 600));
  });

  it('begins, when it is long, with what a shorter one holds', () => {
    const short = scheduleFaults(7, 60);
    expect(short.length).toBeGreaterThan(10);
    expect(scheduleFaults(7, 600).slice(0, short.length)).toEqual(short);
  });

  it('goes through every fault of every target before one comes again', () => {
    const signals = processTargets.flatMap((target) =>
      ['SIGKILL', 'SIGTERM', 'SIGSTOP'].map((fault) => ({ fault, target })),
    );
    const all = [
      ...signals,
      ...storeFaults.map((fault) => ({ fault, target: 'store' })),
      ...diskTargets.map((target) => ({ fault: 'full', target })),
      ...clockTargets.map((target) => ({ fault: 'clock jump', target })),
    ].map(nameOf);
    // One deck has 50 cards, and a card comes after at most 5 s.
    const scheduled = scheduleFaults(3, 50 * 5).map(nameOf);
    expect(new Set(scheduled.slice(0, 50))).toEqual(new Set(all));
  });

  it('kills something about every seven seconds, in the order of time and not after its end', () => {
    const scheduled = scheduleFaults(1, 1200);
    const times = scheduled.map(({ atSeconds }) => atSeconds);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(Math.max(...times)).toBeLessThan(1200);
    const kills = scheduled.filter(({ fault }) => fault === 'SIGKILL').length;
    expect(kills).toBeGreaterThan(130);
    expect(kills).toBeLessThan(220);
  });
});
