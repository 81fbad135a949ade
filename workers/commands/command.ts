// What every command of an operator has in common: its usage, its status, and the parts of the service that it opens.
import { Connection } from '@temporalio/client';
import {
  databaseName,
  readPartConfig,
  storeName,
  temporalName,
  type Config,
  type TemporalConfig,
} from '../../src/config.ts';
import { openDatabase } from '../../src/database/client.ts';
import { createRepositories, type Repositories } from '../../src/database/repositories.ts';
import { CodedError } from '../../src/error.ts';
import { messageOf, reasonOf } from '../../src/thrown.ts';
import { silenceAwsNodeNotice } from '../../src/process-environment.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { connectionOptions } from '../../src/temporal/connection.ts';

/** The status of a command that could not be done. */
export const notDone = 2;

const connectTimeoutSeconds = 10;

/** Addresses that a stack wrote for its own servers are good for as long as it runs. */
const addressHint = 'Is it running? The ports of npm start are new at each start: read its stack.env again.';

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
    const isMisused =
      error instanceof Error && 'code' in error && /^ERR_PARSE_ARGS/u.test(String(error.code));
    // After its first sentence Node tells of positional parameters, which no option here was meant to be.
    const reason = isMisused ? `${error.message.split('. ')[0]}.\n${usage}` : `${messageOf(error)}\n`;
    process.stderr.write(`It could not be done: ${reason}`);
    return notDone;
  }
}

/**
 * Connects to Temporal for as long as `work` takes.
 *
 * @throws CodedError `temporal_unavailable` naming the address; what `work` throws.
 */
export async function withTemporal<T>(
  config: TemporalConfig,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const options = await connectionOptions(config);
  const connection = await Connection.connect({
    ...options,
    connectTimeout: `${connectTimeoutSeconds} s`,
  }).catch((cause: unknown) => {
    throw new CodedError('temporal_unavailable', `${temporalName(config)} does not answer. ${addressHint}`, {
      cause,
    });
  });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/**
 * Opens database and store as a worker does, for as long as `work` takes.
 *
 * @throws CodedError naming the address of what does not answer; what `work` throws.
 */
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
  } catch (error) {
    throw withAddress(error, config);
  } finally {
    await database.close();
  }
}

function withAddress(error: unknown, config: Config): unknown {
  if (!(error instanceof CodedError)) return error;
  const { code, message, cause } = error;
  if (code === 'database_unavailable')
    return new CodedError(code, `${databaseName(config)}: ${message} ${addressHint}`, { cause });
  if (code === 'storage_unavailable')
    return new CodedError(code, `${storeName(config)}: ${reasonOf(error)}`, { cause });
  return error;
}
