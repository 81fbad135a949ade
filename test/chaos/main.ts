// `npm run chaos`: one campaign, its tables, and its verdict as the exit status.
import { parseArgs } from 'node:util';
import { silenceAwsNodeNotice } from '../../src/config.ts';
import { runCampaign } from './campaign.ts';
import { experimentTable, faultTable, killsOf } from './report.ts';

/** @returns whether nothing was wrong. */
export async function main(parameters: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '5' },
      experiments: { type: 'string', default: '10' },
      rows: { type: 'string', default: '1600' },
    },
  });
  silenceAwsNodeNotice();
  const started = performance.now();
  const result = await runCampaign({
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
