// `npm run collect`: one collection, and what it removed. Ends with 0: done; 2: it could not be done.
import { parseArgs } from 'node:util';
import { CodedError } from '../../src/error.ts';
import { defaultProject } from '../../src/experiment/id.ts';
import { collectOnce } from '../../src/retention/collect-once.ts';
import { runCommand, withParts } from './command.ts';

const usage = `Usage: npm run collect -- [--dry-run]
  --dry-run  says what would be removed and removes nothing
Variables: DATABASE_URL, STORAGE_URL, as for a worker. What is removed, and when: docs/retention.md.
`;

async function collect(): Promise<number> {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
  const isDryRun = values['dry-run'];
  const stopping = new AbortController();
  // A second signal ends the process as it would without this.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () =>
      stopping.abort(new Error('It was told to stop. What it has left is found by the next collection.')),
    );
  const collected = await withParts(({ config, repositories, store }) =>
    collectOnce(
      {
        repositories,
        store,
        databaseUrl: config.databaseUrl,
        projectId: defaultProject,
        graceSeconds: config.collectionGraceSeconds,
      },
      isDryRun,
      stopping.signal,
    ),
  );
  if (collected === undefined)
    throw new CodedError('not_ready', 'Another collection is under way; try again in some minutes.');
  const { blobs, manifests, sizeBytes, unfinished } = collected;
  process.stdout.write(
    `${isDryRun ? 'Would remove' : 'Removed'} ${blobs} blobs and ${manifests} manifests ` +
      `(${sizeBytes} bytes), and ${unfinished} writes that never ended.\n`,
  );
  return 0;
}

process.exitCode = await runCommand(usage, collect);
