// What every command of an operator has in common: its usage, its status, and the parts of the service that it opens.
import { readPartConfig, type Config } from '../../src/config.ts';
import { openDatabase } from '../../src/database/client.ts';
import { createRepositories, type Repositories } from '../../src/database/repositories.ts';
import { messageOf } from '../../src/error.ts';
import { silenceAwsNodeNotice } from '../../src/process-environment.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open-store.ts';

/** The status of a command that could not be done. */
export const notDone = 2;

/**
 * Runs a command; `--help` prints its usage instead.
 *
 * @param run returns the status to end with.
 * @returns that, or {@link notDone} with the reason on the error output.
 */
export async function runCommand(usage: string, run: () => Promise<number>): Promise<number> {
  if (process.argv.slice(2).includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  silenceAwsNodeNotice();
  try {
    return await run();
  } catch (error) {
    process.stderr.write(`It could not be done: ${messageOf(error)}\n`);
    return notDone;
  }
}

/** Opens database and store as a worker does, for as long as `work` takes. */
export async function withParts<T>(
  work: (parts: {
    readonly config: Config;
    readonly repositories: Repositories;
    readonly store: ObjectStore;
  }) => Promise<T>,
): Promise<T> {
  const config = readPartConfig();
  const database = openDatabase(config.databaseUrl);
  try {
    const store = openStore(config.storageUrl, { forcePathStyle: config.storagePathStyle });
    return await work({ config, repositories: createRepositories(database), store });
  } finally {
    await database.close();
  }
}
