// `npm run collect -- [--dry-run]`: one collection, and what it removed.
import { parseArgs } from 'node:util';
import { readPartConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/client.ts';
import { createRepositories } from '../../src/database/repositories.ts';
import { messageOf } from '../../src/error.ts';
import { defaultProject } from '../../src/experiment/id.ts';
import { silenceAwsNodeNotice } from '../../src/process-environment.ts';
import { collectOnce } from '../../src/retention/collect-regularly.ts';
import { openStore } from '../../src/storage/open-store.ts';

try {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
  silenceAwsNodeNotice();
  const config = readPartConfig();
  const database = openDatabase(config.databaseUrl);
  try {
    const collected = await collectOnce(
      {
        repositories: createRepositories(database),
        store: openStore(config.storageUrl, { forcePathStyle: config.storagePathStyle }),
        databaseUrl: config.databaseUrl,
        projectId: defaultProject,
        graceSeconds: config.collectionGraceSeconds,
      },
      values['dry-run'],
    );
    process.stdout.write(
      collected === undefined
        ? 'Another collection is under way.\n'
        : `${values['dry-run'] ? 'Would remove' : 'Removed'} ${collected.blobs} blobs and ${collected.manifests} manifests ` +
            `(${collected.sizeBytes} bytes), and ${collected.unfinished} writes that never ended.\n`,
    );
  } finally {
    await database.close();
  }
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
}
