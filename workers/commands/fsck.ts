// `npm run fsck -- [--json] [--strict]`: checks all rows and objects against each other. Exit status 0: nothing is wrong; 1: something
// is; 2: it could not be done.
import { parseArgs } from 'node:util';
import { readPartConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/client.ts';
import { createRepositories } from '../../src/database/repositories.ts';
import { messageOf } from '../../src/error.ts';
import { defaultProject } from '../../src/experiment/id.ts';
import { silenceAwsNodeNotice } from '../../src/process-environment.ts';
import { checkProject } from '../../src/retention/check-project.ts';
import { isFault } from '../../src/retention/finding.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';

const flag = { type: 'boolean', default: false } as const;

async function check(): Promise<boolean> {
  const { values } = parseArgs({ options: { json: flag, strict: flag } });
  silenceAwsNodeNotice();
  const config = readPartConfig();
  const database = openDatabase(config.databaseUrl);
  const print = (line: string, value: object): void => {
    process.stdout.write(`${values.json ? JSON.stringify(value) : line}\n`);
  };
  try {
    const repositories = createRepositories(database);
    const store = openStore(config.storageUrl, { forcePathStyle: config.storagePathStyle });
    const findings = checkProject({
      projectId: defaultProject,
      rows: repositories.references,
      pins: repositories.pins,
      ledger: repositories.ledger,
      store,
      blobs: projectBlobs(store, defaultProject),
      manifests: new CheckpointStore(store, defaultProject),
    });
    let faults = 0;
    let orphans = 0;
    for (;;) {
      const next = await findings.next();
      if (next.done === true) {
        const summary = { ...next.value, faults, orphans };
        print(
          `${summary.blobs} blobs, ${summary.sizeBytes} bytes: ${faults} faults, ${orphans} orphans`,
          summary,
        );
        return faults === 0 && (orphans === 0 || !values.strict);
      }
      if (isFault(next.value)) faults += 1;
      else orphans += 1;
      const { kind, where, what } = next.value;
      print(`${kind}: ${where}: ${what}`, next.value);
    }
  } finally {
    await database.close();
  }
}

try {
  process.exitCode = (await check()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
}
