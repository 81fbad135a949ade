// Migrations in process: safe with many starters, faithful to the schema, and strict about what was applied.
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile, mkdir, appendFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { applyMigrations, migrationsDirectory } from '../../src/database/migrate.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

let postgres: TestPostgres;
let directory: string;

beforeAll(async () => {
  postgres = await startTestPostgres();
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  await cp(migrationsDirectory(), directory, { recursive: true });
  return () => rm(directory, { recursive: true });
});

afterAll(() => postgres.stop());

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(directory, name));
  await writeFile(join(directory, name, 'migration.sql'), sql);
}

describe('migrations', () => {
  it('are each applied once by five starters at once', async () => {
    const url = await postgres.empty();
    await addMigration('29990101000000_slow', 'SELECT pg_sleep(0.2); CREATE TABLE once_only (id int);');
    const all = (await readdir(directory)).filter((name) => /^\d/.test(name)).length;
    const applied = await Promise.all(Array.from({ length: 5 }, () => applyMigrations(url, directory)));
    expect(applied.filter((names) => names.length === all)).toHaveLength(1);
    expect(applied.filter((names) => names.length === 0)).toHaveLength(4);
    const rows = await query(
      url,
      'SELECT migration_name, length(checksum) AS length, finished_at IS NOT NULL AS done, applied_steps_count FROM _prisma_migrations ORDER BY 1',
    );
    expect(rows).toHaveLength(all);
    expect(rows.at(-1)).toEqual({
      migration_name: '29990101000000_slow',
      length: 64,
      done: true,
      applied_steps_count: 1,
    });
  });

  it('give up on a migrator that stands still with the lock', async () => {
    const url = await postgres.empty();
    const still = new Client({ connectionString: url });
    await still.connect();
    await still.query('SELECT pg_advisory_lock(72707369)');
    await expect(applyMigrations(url, directory, { lockWaitSeconds: 1 })).rejects.toMatchObject({
      code: 'database_unavailable',
      message: 'The database was not migrated: another connection held a lock for 1 s.',
    });
    await still.end();
    expect(await applyMigrations(url, directory, { lockWaitSeconds: 1 })).not.toHaveLength(0);
  });

  it('tell of an outage when the server ends the connection, and go on afterwards', async () => {
    const url = await postgres.empty();
    await applyMigrations(url, directory);
    await addMigration('29990101000000_slow', 'CREATE TABLE slow (id int); SELECT pg_sleep(30);');
    const migrating = applyMigrations(url, directory);
    const outcome = expect(migrating).rejects.toMatchObject({ code: 'database_unavailable' });
    const ended = `SELECT count(pg_terminate_backend(pid))::int AS ended FROM pg_stat_activity
                   WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()`;
    await vi.waitFor(async () => expect(await query(url, ended)).toEqual([{ ended: 1 }]), 10_000);
    await outcome;
    expect(await query(url, "SELECT to_regclass('slow') AS slow")).toEqual([{ slow: null }]);
    await writeFile(join(directory, '29990101000000_slow', 'migration.sql'), 'CREATE TABLE slow (id int);');
    expect(await applyMigrations(url, directory)).toEqual(['29990101000000_slow']);
  });

  it('leave nothing of one that fails, and go on when it is mended', async () => {
    const url = await postgres.empty();
    await addMigration('29990101000000_broken', 'CREATE TABLE half (id int); SELECT 1/0;');
    await expect(applyMigrations(url, directory)).rejects.toThrow('division by zero');
    expect(await query(url, "SELECT to_regclass('half') AS half")).toEqual([{ half: null }]);
    await writeFile(join(directory, '29990101000000_broken', 'migration.sql'), 'CREATE TABLE half (id int);');
    expect(await applyMigrations(url, directory)).toEqual(['29990101000000_broken']);
  });

  it('refuse one that was edited after it was applied, naming it', async () => {
    const url = await postgres.empty();
    const [name = ''] = await applyMigrations(url, directory);
    await appendFile(join(directory, name, 'migration.sql'), '\n-- edited\n');
    await expect(applyMigrations(url, directory)).rejects.toMatchObject({
      code: 'configuration_invalid',
      message: expect.stringContaining(name) as string,
    });
  });

  it('refuse a database that a newer version has migrated', async () => {
    const url = await postgres.empty();
    await addMigration('29990101000000_newer', 'SELECT 1');
    await applyMigrations(url, directory);
    await expect(applyMigrations(url, migrationsDirectory())).rejects.toMatchObject({
      code: 'configuration_invalid',
    });
  });

  it('wait for a server that starts late, and give up with a code when it does not come', async () => {
    const url = await postgres.migrated();
    await postgres.kill();
    const waiting = applyMigrations(url, directory);
    await postgres.restart();
    await expect(waiting).resolves.toEqual([]);
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const nobody = applyMigrations(`postgresql://postgres@127.0.0.1:${port}/x`, directory, {
      waitSeconds: 0,
    });
    await expect(nobody).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});

const engine = '../shared/tools/prisma-schema-engine.mjs';

describe.skipIf(spawnSync('test', ['-f', engine]).status !== 0)('the migrations together', () => {
  it('make exactly the schema', async () => {
    const url = await postgres.migrated();
    await query(url, 'DROP TABLE _prisma_migrations');
    const result = spawnSync(
      'npx',
      [
        'prisma',
        'migrate',
        'diff',
        '--from-config-datasource',
        '--to-schema',
        'prisma/schema.prisma',
        '--exit-code',
      ],
      { encoding: 'utf8', env: { ...process.env, DATABASE_URL: url, PRISMA_SCHEMA_ENGINE_BINARY: engine } },
    );
    expect(result.stdout + result.stderr).toContain('No difference detected');
    expect(result.status).toBe(0);
  });
});
