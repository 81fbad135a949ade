// `npm run bench:orchestration`: an experiment whose activities do nothing, beside the same in the bare SDK, in turns.
import { parseArgs } from 'node:util';
import { median, quantile } from '../distribution.ts';
import { loadAverage, machine } from '../machine.ts';
import { interruption } from '../interruption.ts';
import { Account } from './account.ts';
import { startProcesses, type Processes } from './processes.ts';
import { bareSide, projectSide, type Side } from './sides.ts';

/** Not counted: code that runs for the first time is not compiled yet. */
const warmUpRounds = 10;

interface Counts {
  /** Experiments of each side, one after the other. */
  readonly rounds: number;
  /** Experiments of each side that are submitted at once, and how often. */
  readonly atOnce: number;
  readonly atOnceRounds: number;
}

export async function main(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      rounds: { type: 'string', default: '60' },
      'at-once': { type: 'string', default: '50' },
      'at-once-rounds': { type: 'string', default: '3' },
      'temporal-setting': { type: 'string', multiple: true, default: [] },
    },
  });
  const interrupted = interruption();
  const processes = await startProcesses(values['temporal-setting']);
  try {
    await Promise.race([
      interrupted,
      measure(processes, {
        rounds: Number(values.rounds),
        atOnce: Number(values['at-once']),
        atOnceRounds: Number(values['at-once-rounds']),
      }),
    ]);
  } finally {
    await processes.stop();
  }
}

async function measure({ url, temporal, names }: Processes, counts: Counts): Promise<void> {
  const { rounds, atOnce, atOnceRounds } = counts;
  const one: Sides = { project: await projectSide(url), bare: bareSide(temporal) };
  const many: Sides = { project: together(atOnce, one.project), bare: together(atOnce, one.bare) };
  await inTurns(warmUpRounds, one);
  const alone = await inTurns(rounds, one);
  console.log(`one at a time, ${rounds} of each; load average ${loadAverage()}\n${table(alone)}`);
  await inTurns(1, many);
  const accounts = { project: new Account(names), bare: new Account(names) };
  const crowd = await inTurns(atOnceRounds, {
    project: accounts.project.of(many.project, atOnce),
    bare: accounts.bare.of(many.bare, atOnce),
  });
  console.log(
    `${atOnce} at once, until the last has ended, ${atOnceRounds} times each; load average ${loadAverage()}`,
  );
  console.log(table(crowd));
  const spent = {
    project: accounts.project.millisecondsEach(),
    bare: accounts.bare.millisecondsEach(),
  };
  console.log(`processor time, milliseconds an experiment\n${spentTable(spent)}`);
  const results = {
    oneAtATime: summaryOf(alone),
    atOnce: { experiments: atOnce, ...summaryOf(crowd), processorMilliseconds: spent },
  };
  console.log(JSON.stringify({ ...counts, ...results, ...machine() }));
}

interface Sides {
  readonly project: Side;
  readonly bare: Side;
}

/** Seconds, in the order of the rounds. */
interface Turns {
  readonly project: readonly number[];
  readonly bare: readonly number[];
}

/** Both sides in turns; who begins changes with every round. */
async function inTurns(rounds: number, sides: Sides): Promise<Turns> {
  const turns = { project: [] as number[], bare: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? (['project', 'bare'] as const) : (['bare', 'project'] as const);
    for (const name of order) turns[name].push(await sides[name]());
  }
  return turns;
}

/** @returns a side that starts so many at once and ends with the last of them. */
function together(count: number, side: Side): Side {
  return async () => Math.max(...(await Promise.all(Array.from({ length: count }, side))));
}

function summaryOf({ project, bare }: Turns) {
  const of = (seconds: readonly number[]) => ({
    medianSeconds: rounded(median(seconds)),
    p95Seconds: rounded(quantile(seconds, 0.95)),
  });
  return { project: of(project), bare: of(bare), ratio: rounded(median(project) / median(bare)) };
}

function table(turns: Turns): string {
  const { ratio, ...sides } = summaryOf(turns);
  const lines = Object.entries(sides).map(
    ([name, { medianSeconds, p95Seconds }]) =>
      `  ${name.padEnd(8)} median ${medianSeconds.toFixed(3)} s   p95 ${p95Seconds.toFixed(3)} s`,
  );
  return [...lines, `  ratio of the medians ${ratio}`].join('\n');
}

function spentTable(spent: Readonly<Record<string, Readonly<Record<string, number>>>>): string {
  return Object.entries(spent)
    .map(([side, each]) => {
      const parts = Object.entries(each).map(([name, milliseconds]) => `${name} ${milliseconds}`);
      const sum = Object.values(each).reduce((total, milliseconds) => total + milliseconds, 0);
      return `  ${side.padEnd(8)} ${sum}: ${parts.join(', ')}`;
    })
    .join('\n');
}

const rounded = (value: number): number => Number(value.toFixed(3));
