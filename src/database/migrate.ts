// Applies prisma/migrations in process: the same table, checksums and lock as Prisma's own command, without its engine.
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseError, type Client } from 'pg';
import { CodedError } from '../error.ts';
import { packageDirectory } from './package-directory.ts';
import { newSession } from './session.ts';
import { isUnavailable, withCodedOutage } from './unavailable.ts';

/** The key of Prisma's advisory lock, so that its command and this one exclude each other. */
const advisoryLock = 72_707_369;
const retryMilliseconds = 200;
/** A migration has as long as it needs once it has its locks; what waits for them holds up those that come after. */
const longestLockWaitSeconds = 60;
/** Of a migrator that stands still within a migration, before the server ends its connection. */
const longestIdleTransactionMilliseconds = 60_000;
const lockNotAvailable = '55P03';

interface Migration {
  readonly name: string;
  readonly sql: string;
  /** Hexadecimal sha256 of the file. */
  readonly checksum: string;
}

export interface MigrationOptions {
  /** How long to wait for a server that is not up yet. */
  readonly waitSeconds?: number;
  /** How long to wait for a lock that another connection holds. */
  readonly lockWaitSeconds?: number;
}

/** The project's migrations. */
export function migrationsDirectory(): string {
  return join(packageDirectory(), 'prisma', 'migrations');
}

/**
 * Brings the database to the newest migration. Several processes may do so at once: one applies, the others wait.
 *
 * @returns the names of the migrations applied now.
 * @throws CodedError `database_unavailable` when the server was not reached within `waitSeconds` (60), was lost, or a lock was not
 * had for a minute, for instance since another process migrates: nothing is half applied, and it may be tried again;
 * `configuration_invalid` when an applied migration was edited or removed since, or one failed half-way.
 */
export async function applyMigrations(
  url: string,
  directory: string,
  { waitSeconds = 60, lockWaitSeconds = longestLockWaitSeconds }: MigrationOptions = {},
): Promise<readonly string[]> {
  const migrations = await readMigrations(directory);
  const client = await connect(url, waitSeconds);
  try {
    return await withCodedOutage(async () => {
      await client.query(`SET lock_timeout = '${lockWaitSeconds} s'`);
      await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
      return applyMissing(client, migrations);
    });
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== lockNotAvailable) throw error;
    throw new CodedError(
      'database_unavailable',
      `The database was not migrated: another connection held a lock for ${lockWaitSeconds} s.`,
      { cause: error },
    );
  } finally {
    // Ending the session releases the lock too.
    await client.end().catch(() => undefined);
  }
}

async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function connect(url: string, waitSeconds: number): Promise<Client> {
  const end = performance.now() + waitSeconds * 1000;
  for (;;) {
    const client = newSession(url, {
      statement_timeout: 0,
      query_timeout: 0,
      idle_in_transaction_session_timeout: longestIdleTransactionMilliseconds,
    });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!isUnavailable(error)) throw error;
      if (performance.now() >= end)
        throw new CodedError('database_unavailable', `PostgreSQL did not answer within ${waitSeconds} s.`, {
          cause: error,
        });
      await delay(retryMilliseconds);
    }
  }
}

interface AppliedRow {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

async function applyMissing(client: Client, migrations: readonly Migration[]): Promise<readonly string[]> {
  await client.query(migrationTable);
  const { rows } = await client.query<AppliedRow>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  refuseHistory(rows, migrations);
  const applied = new Set(rows.map((row) => row.migration_name));
  const missing = migrations.filter(({ name }) => !applied.has(name));
  for (const migration of missing) await apply(client, migration);
  return missing.map(({ name }) => name);
}

function refuseHistory(rows: readonly AppliedRow[], migrations: readonly Migration[]): void {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { migration_name: name, checksum, finished_at: finishedAt } of rows) {
    const problem = !finishedAt
      ? 'was begun and not finished'
      : !byName.has(name)
        ? 'is applied to the database, but this version does not have it'
        : byName.get(name)?.checksum !== checksum
          ? 'was edited after it was applied'
          : undefined;
    if (problem) throw new CodedError('configuration_invalid', `The migration ${name} ${problem}.`);
  }
}

/** One migration and the record of it commit together. */
async function apply(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    // The session may be gone, and its transaction with it; the first error is the one to tell.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** As Prisma's own command makes it. */
const migrationTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;
