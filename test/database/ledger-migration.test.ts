// Experiments that an earlier version recorded step by step keep every bit of their ledgers.
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../src/database/client.ts';
import { LedgerRepository } from '../../src/database/ledger-repository.ts';
import { applyMigrations, migrationsDirectory } from '../../src/database/migrate.ts';
import { profileOf, projectId, stepsFrom } from './fixture.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

/** The migrations up to the version that kept a row a step. */
async function before(directory: string): Promise<void> {
  await cp(migrationsDirectory(), directory, { recursive: true });
  for (const name of await readdir(directory))
    if (/^\d/.test(name) && name >= '20261126') await rm(join(directory, name), { recursive: true });
}

async function insertOldLedger(client: Client, experimentId: string): Promise<void> {
  await client.query(
    `INSERT INTO experiment (project_id, id, name, tags, spec, state) VALUES ($1, $2, 'old', '{}', '{}', 'training')`,
    [projectId, experimentId],
  );
  for (const { lease, segment } of [
    { lease: 1, segment: 0 },
    { lease: 2, segment: 0 },
    { lease: 3, segment: 1 },
  ])
    await client.query(
      `INSERT INTO attempt (project_id, experiment_id, lease, phase, host, profile, segment)
       VALUES ($1, $2, $3, 'training', 'host', $4, $5)`,
      [projectId, experimentId, lease, JSON.stringify(profileOf(segment + 1)), segment],
    );
  for (const step of stepsFrom(1, 200))
    await client.query('INSERT INTO ledger_step VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
      projectId,
      experimentId,
      step.step,
      step.lossBits | 0,
      step.gradientNormBits | 0,
      step.learningRate,
      step.examples,
      step.step <= 70 ? 1 : step.step <= 150 ? 2 : 3,
      step.step <= 150 ? 0 : 1,
    ]);
}

it('packs the steps of two experiments, with their leases, segments and profiles', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  const url = await postgres.empty();
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await before(directory);
    await applyMigrations(url, directory);
    for (const id of ['exp_a', 'exp_b']) await insertOldLedger(client, id);
    await applyMigrations(url, migrationsDirectory());
    const chunks = await client.query<{ longest: number }>(
      'SELECT max(octet_length(records)) AS longest FROM ledger_chunk',
    );
    expect(chunks.rows).toEqual([{ longest: 64 * 20 }]);
    const database = openDatabase(url);
    const ledger = new LedgerRepository(database);
    for (const experimentId of ['exp_a', 'exp_b']) {
      const reference = { projectId, experimentId };
      expect(await ledger.ledger(reference, { fromStep: 1, limit: 1000 })).toEqual(
        stepsFrom(1, 200).map((step) => ({
          ...step,
          lease: step.step <= 70 ? 1 : step.step <= 150 ? 2 : 3,
          segment: step.step <= 150 ? 0 : 1,
        })),
      );
      expect(await ledger.segments(reference, 200)).toEqual([
        { fromStep: 1, profile: profileOf(1) },
        { fromStep: 151, profile: profileOf(2) },
      ]);
    }
    await database.close();
  } finally {
    await client.end();
    await rm(directory, { recursive: true });
  }
});
