// `npm run reconcile`: compares database, Temporal and store once, and mends. Ends with 0: done; 2: it could not be done.
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { logLevel, readPartConfig } from '../../src/config.ts';
import { withAdvisoryLock } from '../../src/database/advisory-lock.ts';
import { openDatabase } from '../../src/database/client.ts';
import { createRepositories } from '../../src/database/repositories.ts';
import { CodedError, messageOf } from '../../src/error.ts';
import { createLogger } from '../../src/log.ts';
import { silenceAwsNodeNotice } from '../../src/process-environment.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { connectionOptions } from '../../src/temporal/connection.ts';
import { reconciliationLock } from '../reconciliation/reconcile-regularly.ts';
import { Reconciler, type ReportedDifference } from '../reconciliation/reconciler.ts';

const usage = `Usage: npm run reconcile -- [--dry-run] [--json]
  --dry-run  says what differs and mends nothing
  --json     one JSON document instead of lines
Variables: DATABASE_URL, TEMPORAL_ADDRESS, STORAGE_URL, as for a worker. How a difference is mended: docs/reconciliation.md.
`;

const connectTimeoutSeconds = 10;

async function reconcileOnce(dryRun: boolean): Promise<readonly ReportedDifference[]> {
  const config = readPartConfig();
  const connection = await Connection.connect({
    ...(await connectionOptions(config.temporal)),
    connectTimeout: `${connectTimeoutSeconds} s`,
  });
  const database = openDatabase(config.databaseUrl);
  try {
    const { reconciliation, verifications } = createRepositories(database);
    const reconciler = new Reconciler({
      repository: reconciliation,
      verifications,
      client: new Client({ connection, namespace: config.temporal.namespace }),
      store: openStore(config.storageUrl, { forcePathStyle: config.storagePathStyle }),
      log: createLogger('reconcile', logLevel()),
    });
    const reported = await withAdvisoryLock(config.databaseUrl, reconciliationLock, () =>
      reconciler.run(dryRun),
    );
    if (reported === undefined)
      throw new CodedError('not_ready', 'Another process is reconciling now; try again in some seconds.');
    return reported;
  } finally {
    await database.close();
    await connection.close();
  }
}

function reportOf(differences: readonly ReportedDifference[]): string {
  const lines = differences.map(
    ({ workflowId, found, repair: { action, ...details }, mended }) =>
      `${mended ? 'mended' : 'found '}  ${workflowId}  ${found}: ${action} ${JSON.stringify(details)}`,
  );
  const mended = differences.filter((difference) => difference.mended).length;
  return [...lines, `${differences.length} differences, ${mended} mended`].join('\n');
}

/** @returns the status to end with. */
async function main(): Promise<number> {
  silenceAwsNodeNotice();
  try {
    const { values } = parseArgs({
      options: {
        'dry-run': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      return 0;
    }
    const differences = await reconcileOnce(values['dry-run']);
    process.stdout.write(
      `${values.json ? JSON.stringify({ differences }, null, 2) : reportOf(differences)}\n`,
    );
    return 0;
  } catch (error) {
    process.stderr.write(`Nothing was reconciled: ${messageOf(error)}\n`);
    return 2;
  }
}

process.exitCode = await main();
