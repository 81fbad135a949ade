// The journeys under conditions that are harder than those of `npm test`:
//   npm run test:journeys -- [--without-workflow-cache] [--restart-postgres-every SECONDS] [FILE…]
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'without-workflow-cache': { type: 'boolean', default: false },
    'restart-postgres-every': { type: 'string' },
  },
});
const restartSeconds = values['restart-postgres-every'];
const { status } = spawnSync(
  'npx',
  [
    'vitest',
    'run',
    '--maxWorkers=1',
    // Each restart costs what goes on at the time some seconds.
    ...(restartSeconds === undefined ? [] : ['--testTimeout=600000', '--hookTimeout=600000', '--retry=0']),
    ...(positionals.length === 0 ? ['test/journeys'] : positionals),
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(values['without-workflow-cache'] && { WORKFLOW_CACHE_SIZE: '0' }),
      ...(restartSeconds !== undefined && { JOURNEYS_RESTART_POSTGRES_SECONDS: restartSeconds }),
    },
  },
);
process.exitCode = status ?? 1;
