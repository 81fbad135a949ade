// Measures what training takes - peak memory of the process and seconds a step - for the points that the cost model of
// estimates is held against. Prints one JSON line a point; --table writes them to test/estimate/points.json, and
// --fit measures nothing and prints the constants of src/estimate/ that fit the table best, largest error first of all.
//   node scripts/build.mjs && node scripts/bench-estimate.mjs [--table] [--only NAME] [--threads N] [--repeats N] | --fit
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fitEstimates } from './estimate-fit.mjs';
import { estimatePoints } from './estimate-points.mjs';
import { measureEstimatePoint } from './estimate-run.mjs';

const tableFile = fileURLToPath(new URL('../test/estimate/points.json', import.meta.url));

function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor((numbers.length - 1) / 2)];
}

/** Each run in a process of its own: the median of the peaks, which differ with the garbage collector's timing. */
function measureInProcesses(point, threads, repeats) {
  const runs = Array.from({ length: repeats }, () => {
    const child = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), '--threads', String(threads), '--point', JSON.stringify(point)],
      { encoding: 'utf8' },
    );
    if (child.status !== 0) throw new Error(`${point.name} failed: ${child.stderr}`);
    return JSON.parse(child.stdout.trim().split('\n').at(-1));
  });
  return {
    ...runs[0],
    peakBytes: median(runs.map(({ peakBytes }) => peakBytes)),
    processorSeconds: Math.min(...runs.map(({ processorSeconds }) => processorSeconds)),
  };
}

const { values } = parseArgs({
  options: {
    table: { type: 'boolean', default: false },
    fit: { type: 'boolean', default: false },
    only: { type: 'string' },
    threads: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '1' },
    point: { type: 'string' },
  },
});
const threads = Number(values.threads);

if (values.fit) {
  fitEstimates(JSON.parse(readFileSync(tableFile, 'utf8')).points);
} else if (values.point !== undefined) {
  console.log(JSON.stringify(await measureEstimatePoint(JSON.parse(values.point), threads)));
} else {
  const measured = [];
  const { only = '' } = values;
  for (const point of estimatePoints.filter(({ name }) => name.includes(only))) {
    measured.push(measureInProcesses(point, threads, Number(values.repeats)));
    console.log(JSON.stringify(measured.at(-1)));
  }
  const table = { processor: cpus()[0].model, node: process.version, points: measured };
  if (values.table) writeFileSync(tableFile, `${JSON.stringify(table, undefined, 2)}\n`);
}
