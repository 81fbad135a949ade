// A real PostgreSQL server as a child process, its data in a directory. Only prepares and starts; the supervisor restarts.
import { spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { CodedError } from '../error.ts';
import { messageOf } from '../thrown.ts';
import { findPostgres, type PostgresProgram } from './postgres-program.ts';
import { freePort } from './free-port.ts';
import { spawnLogged } from './spawn-logged.ts';
import { succeeds, until } from './until.ts';

const readyTimeoutSeconds = 60;

export interface PostgresServer {
  readonly url: string;
  /** Starts the server process; call again after it has ended. */
  spawn(): ChildProcess;
  /** Resolves when the server answers a query. */
  ready(signal?: AbortSignal): Promise<void>;
}

/**
 * Prepares a database cluster in `directory` (made on first use, with a random password) and says how to start it.
 *
 * @throws CodedError `dependency_missing` when PostgreSQL cannot be run here.
 */
export async function preparePostgres(options: {
  readonly directory: string;
  readonly logFile: string;
  readonly environment?: Record<string, string>;
}): Promise<PostgresServer> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const program = await findPostgres(join(options.directory, 'cluster'));
  const password = await initialize(program, options.directory);
  const port = await freePort();
  const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  return {
    url,
    spawn: () => start(program, port, options.logFile, options.environment),
    ready: (signal) =>
      until(() => succeeds(checkPostgres(url)), {
        timeoutSeconds: readyTimeoutSeconds,
        what: 'PostgreSQL',
        ...(signal && { signal }),
      }),
  };
}

async function initialize(program: PostgresProgram, directory: string): Promise<string> {
  const passwordFile = join(directory, 'password');
  if (existsSync(join(program.dataDirectory, 'PG_VERSION')) && existsSync(passwordFile))
    return (await readFile(passwordFile, 'utf8')).trim();
  // A start that was killed inside initdb leaves half a cluster, which holds nothing yet.
  await rm(program.dataDirectory, { recursive: true, force: true });
  const password = randomBytes(24).toString('hex');
  const draft = join(program.dataDirectory, '..', 'password.draft');
  await writeFile(draft, `${password}\n`, { mode: 0o600 });
  if (program.user) await chown(draft, program.user.uid, program.user.gid);
  if (program.user) await mkdir(program.dataDirectory, { mode: 0o700 });
  if (program.user) await chown(program.dataDirectory, program.user.uid, program.user.gid);
  const [command = '', ...leading] = program.command('initdb');
  const settings = ['--encoding=UTF8', '--locale=C', '--username=postgres', '--auth=scram-sha-256'];
  const result = spawnSync(
    command,
    [...leading, `--pgdata=${program.dataDirectory}`, `--pwfile=${draft}`, ...settings],
    { encoding: 'utf8', ...program.user },
  );
  if (result.status !== 0)
    throw new CodedError(
      'dependency_missing',
      `PostgreSQL could not be initialized: ${result.error ? messageOf(result.error) : result.stderr.trim()}`,
    );
  await rename(draft, passwordFile);
  return password;
}

function start(
  program: PostgresProgram,
  port: number,
  logFile: string,
  environment: Record<string, string> | undefined,
): ChildProcess {
  const [command = '', ...leading] = program.command('postgres');
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200' };
  const parameters = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return spawnLogged(command, [...leading, '-D', program.dataDirectory, '-p', String(port), ...parameters], {
    logFile,
    ...program.user,
    ...(environment && { env: environment }),
  });
}

/** Throws unless a server answers a query. */
export async function checkPostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000, query_timeout: 2000 });
  // A connection that breaks says so here too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}
