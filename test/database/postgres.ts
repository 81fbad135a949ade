// A real PostgreSQL server for a test file, with a fresh migrated database for whoever asks.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { applyMigrations, migrationsDirectory } from '../../src/database/migrate.ts';
import { preparePostgres } from '../../src/local/postgres.ts';

export interface TestPostgres {
  readonly url: string;
  /** A new database with every migration applied; its URL. */
  migrated(): Promise<string>;
  /** A new empty database; its URL. */
  empty(): Promise<string>;
  /** Kills the server as a crash would. */
  kill(): Promise<void>;
  /** Starts the server again after `kill`. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server with its data in a temporary folder. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'postgres-'));
  const server = await preparePostgres({ directory, logFile: join(directory, 'log') });
  let child = server.spawn();
  await server.ready();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  const empty = async (): Promise<string> => {
    const name = `test_${randomBytes(6).toString('hex')}`;
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    return url.href;
  };
  return {
    url: server.url,
    empty,
    migrated: async () => {
      const url = await empty();
      await applyMigrations(url, migrationsDirectory());
      return url;
    },
    kill: () => end('SIGQUIT'),
    restart: async () => {
      child = server.spawn();
      await server.ready();
    },
    stop: async () => {
      await end('SIGINT');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
