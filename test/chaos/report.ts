// The tables of a campaign, as text that Markdown shows as tables too.
import type { InjectedFault } from './injector.ts';
import type { Accepted } from './traffic.ts';
import type { Outcome } from './outcome.ts';

export interface JudgedExperiment {
  readonly accepted: Accepted;
  readonly outcome: Outcome;
  readonly problems: readonly string[];
}

/** One line a fault and target: how often, how many processes it ended, and how long the target took to work again. */
export function faultTable(faults: readonly InjectedFault[]): string {
  const groups = groupBy(faults, ({ scheduled }) => `${scheduled.fault} | ${scheduled.target}`);
  const rows = [...groups.entries()].sort().map(([name, group]) => {
    const injected = group.filter(({ wasInjected }) => wasInjected);
    const seconds = injected.flatMap(({ recoverySeconds }) => recoverySeconds ?? []);
    const mean = seconds.length === 0 ? '–' : (sum(seconds) / seconds.length).toFixed(1);
    const longest = seconds.length === 0 ? '–' : Math.max(...seconds).toFixed(1);
    const ended = sum(injected.map(({ processesEnded }) => processesEnded));
    return `| ${name} | ${injected.length} of ${group.length} | ${ended} | ${mean} | ${longest} |`;
  });
  return [
    '| fault | target | injected | processes ended | mean s until it worked again | longest |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** One line a recipe and journey. */
export function experimentTable(judged: readonly JudgedExperiment[]): string {
  const groups = groupBy(judged, ({ accepted }) => `${accepted.recipe} | ${accepted.journey}`);
  const rows = [...groups.entries()].sort().map(([name, group]) => {
    const attempts = group.flatMap(({ outcome }) => outcome.attempts);
    const repeated = sum(attempts.map(({ stepsRepeated }) => stepsRepeated));
    const steps = sum(group.map(({ outcome }) => outcome.ledger.length));
    const right = group.filter(({ problems }) => problems.length === 0).length;
    const ends = [...new Set(group.map(({ outcome }) => outcome.state))].join(', ');
    return `| ${name} | ${group.length} | ${ends} | ${attempts.length} | ${steps} | ${repeated} | ${right} of ${group.length} |`;
  });
  return [
    '| recipe | journey | experiments | ended as | attempts | steps | steps repeated | equal to twin |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** Processes that SIGKILL really ended. */
export const killsOf = (faults: readonly InjectedFault[]): number =>
  sum(
    faults
      .filter(({ scheduled }) => scheduled.fault === 'SIGKILL')
      .map(({ processesEnded }) => processesEnded),
  );

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return groups;
}
