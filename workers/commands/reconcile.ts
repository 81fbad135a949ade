// `npm run reconcile`: compares database, Temporal and store once, and mends. Ends with 0: done; 2: it could not be done.
import { parseArgs } from 'node:util';
import { Client } from '@temporalio/client';
import { logLevel } from '../../src/config.ts';
import { withAdvisoryLock } from '../../src/database/advisory-lock.ts';
import { CodedError } from '../../src/error.ts';
import { createLogger } from '../../src/log.ts';
import { reconciliationLock } from '../reconciliation/reconcile-regularly.ts';
import { Reconciler, type ReportedDifference } from '../reconciliation/reconciler.ts';
import { runCommand, withParts, withTemporal } from './command.ts';

const usage = `Usage: npm run reconcile -- [--dry-run] [--json]
  --dry-run  says what differs and mends nothing
  --json     one JSON document instead of lines
Variables: DATABASE_URL, TEMPORAL_ADDRESS, STORAGE_URL, as for a worker. How a difference is mended: docs/reconciliation.md.
`;

async function reconcileOnce(dryRun: boolean): Promise<readonly ReportedDifference[]> {
  return withParts(async ({ config, repositories, store }) =>
    withTemporal(config.temporal, async (connection) => {
      const reconciler = new Reconciler({
        repository: repositories.reconciliation,
        verifications: repositories.verifications,
        client: new Client({ connection, namespace: config.temporal.namespace }),
        store,
        log: createLogger('reconcile', logLevel()),
      });
      const reported = await withAdvisoryLock(config.databaseUrl, reconciliationLock, () =>
        reconciler.run(dryRun),
      );
      if (reported === undefined)
        throw new CodedError('not_ready', 'Another process is reconciling now; try again in some seconds.');
      return reported;
    }),
  );
}

function reportOf(differences: readonly ReportedDifference[]): string {
  const lines = differences.map(
    ({ workflowId, found, repair: { action, ...details }, mended }) =>
      `${mended ? 'mended' : 'found '}  ${workflowId}  ${found}: ${action} ${JSON.stringify(details)}`,
  );
  const mended = differences.filter((difference) => difference.mended).length;
  return [...lines, `${differences.length} differences, ${mended} mended`].join('\n');
}

async function reconcile(): Promise<number> {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ options: { 'dry-run': flag, json: flag } });
  const differences = await reconcileOnce(values['dry-run']);
  process.stdout.write(`${values.json ? JSON.stringify({ differences }, null, 2) : reportOf(differences)}\n`);
  return 0;
}

process.exitCode = await runCommand(usage, reconcile);
