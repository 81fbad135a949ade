// `npm run chaos`: one campaign, its tables, and its verdict as the exit status.
import { parseArgs } from 'node:util';
import { silenceAwsNodeNotice } from '../../src/process-environment.ts';
import { runCampaign } from './campaign.ts';
import { runControl } from './control.ts';
import { experimentTable, faultTable, killsOf } from './report.ts';
import { weakenings } from './weakenings.ts';

const usage = `Usage: npm run chaos -- [--seed N] [--minutes N] [--experiments N] [--rows N] | --controls [--only NAME]
  --seed N         which campaign (1)
  --minutes N      how long faults are injected (5)
  --experiments N  how many there are (10)
  --rows N         in each one's dataset (1600)
  --controls       one run for each weakening, which must find a fault, and one without it, which must find none
  --only NAME      only the weakenings whose names begin so
`;

/** @returns whether nothing was wrong. */
export async function main(parameters: readonly string[]): Promise<boolean> {
  if (parameters.includes('--help')) {
    process.stdout.write(usage);
    return true;
  }
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '5' },
      experiments: { type: 'string', default: '10' },
      controls: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      rows: { type: 'string', default: '1600' },
    },
  });
  silenceAwsNodeNotice();
  if (values.controls) return controls(values.only);
  const started = performance.now();
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
  const result = await runCampaign({
    signal: stopping.signal,
    seed: Number(values.seed),
    seconds: Number(values.minutes) * 60,
    recipes: Number(values.experiments),
    rows: Number(values.rows),
    log: (line) => console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)}  ${line}`),
  });
  console.log(`\n${faultTable(result.faults)}\n\n${experimentTable(result.experiments)}\n`);
  const problems = [
    ...result.problems,
    ...result.experiments.flatMap(({ accepted, problems: found }) =>
      found.map((problem) => `${accepted.id} (${accepted.recipe}, ${accepted.journey}) ${problem}`),
    ),
  ];
  for (const problem of problems) console.log(`FAULT: ${problem}`);
  console.log(
    `${killsOf(result.faults)} kills that ended a process; ${result.experiments.length} experiments; ${problems.length} faults found.`,
  );
  return problems.length === 0;
}

/**
 * Every weakening whose name begins with `only`, after each disturbance without one.
 *
 * @returns whether all was as it must be.
 */
async function controls(only: string): Promise<boolean> {
  let isRight = true;
  const say = (name: string, faults: readonly string[], mustFind: boolean): void => {
    if (faults.length > 0 !== mustFind) isRight = false;
    console.log(`${name}: ${faults.length === 0 ? 'no fault found' : faults.join('; ')}`);
  };
  const chosen = weakenings.filter(({ name }) => name.startsWith(only));
  for (const shownBy of new Set(chosen.map((weakening) => weakening.shownBy)))
    say(`nothing switched off, ${shownBy}`, await runControl(shownBy), false);
  for (const weakening of chosen)
    say(`${weakening.name} switched off`, await runControl(weakening.shownBy, weakening), true);
  return isRight;
}
