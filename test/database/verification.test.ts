// Rows of verifications: whose clock they go by, what they are changed by, and that nobody waits for each other in a circle.
import { Client } from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { VerificationReference } from '../../src/database/verification-repository.ts';
import { agrees } from '../../src/experiment/verification.ts';
import { until } from '../../src/local/until.ts';
import { askForVerification, useDatabase } from './fixture.ts';

const opened = useDatabase();
afterEach(() => void vi.useRealTimers());

const asked = () => askForVerification(opened.repositories);

const rowOf = (reference: VerificationReference) => opened.repositories.verifications.require(reference);

async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: opened.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('a verification', () => {
  it('goes by the clock of the database', async () => {
    const { verifications } = opened.repositories;
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2001-01-01') });
    const reference = await asked();
    await verifications.begin(reference, 'host');
    await verifications.decide(reference, agrees, 'host');
    vi.useRealTimers();
    const { createdAt, startedAt, finishedAt } = await rowOf(reference);
    expect(createdAt.getFullYear()).toBeGreaterThan(2001);
    expect(startedAt?.getFullYear()).toBeGreaterThan(2001);
    expect(finishedAt?.getFullYear()).toBeGreaterThan(2001);
  });

  it('is changed under its own experiment alone', async () => {
    const [one, other] = [await asked(), await asked()];
    const mistaken = { ...one, experimentId: other.experimentId };
    const { verifications } = opened.repositories;
    await verifications.begin(mistaken, 'host');
    await verifications.decide(mistaken, agrees, 'host');
    expect(await rowOf(one)).toMatchObject({ state: 'running', startedAt: null });
  });

  it('is decided while its experiment is being deleted: neither waits for the other in vain', async () => {
    const reference = await asked();
    await withClient(async (deleting) => {
      const key = [reference.projectId, reference.experimentId];
      await deleting.query('BEGIN');
      await deleting.query('SELECT FROM experiment WHERE project_id = $1 AND id = $2 FOR UPDATE', key);
      const decided = opened.repositories.verifications.decide(reference, agrees, 'host');
      const isWaiting = async (): Promise<boolean> => {
        const { rowCount } = await deleting.query('SELECT FROM pg_locks WHERE NOT granted');
        return (rowCount ?? 0) > 0;
      };
      await until(isWaiting, { timeoutSeconds: 10, what: 'the decision to wait for the deletion' });
      await deleting.query('DELETE FROM experiment WHERE project_id = $1 AND id = $2', key);
      await deleting.query('COMMIT');
      await decided;
    });
    await expect(rowOf(reference)).rejects.toMatchObject({ code: 'not_found' });
  });
});

it.each([
  [
    'verification_running_host_idx',
    `SELECT id FROM verification WHERE host = 'a' AND state = 'running' ORDER BY started_at DESC LIMIT 100`,
  ],
  [
    'attempt_open_host_idx',
    `SELECT lease FROM attempt WHERE host = 'a' AND ended_at IS NULL ORDER BY started_at DESC LIMIT 100`,
  ],
  [
    'verification_project_id_experiment_id_created_at_id_idx',
    `SELECT id FROM verification WHERE project_id = 'a' AND experiment_id = 'b' ORDER BY created_at DESC, id DESC LIMIT 2`,
  ],
])('%s is what its query goes by', async (index, sql) => {
  const plan = await withClient(async (client) => {
    // Small tables are read as a whole otherwise, whatever indexes they have.
    await client.query('SET enable_seqscan = off; SET enable_sort = off');
    const { rows } = await client.query<Record<string, string>>(`EXPLAIN ${sql}`);
    return JSON.stringify(rows);
  });
  expect(plan).toContain(index);
});
