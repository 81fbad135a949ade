// A lock that one process at a time has, for work that two would do twice. It ends with its connection.
import { Client } from 'pg';

const connectionTimeoutMilliseconds = 5_000;

/**
 * Runs `work` while nobody else runs work under the same name.
 *
 * @returns `undefined` when somebody else does.
 * @throws what `work` throws; an error of `pg` when the server cannot be reached.
 */
export async function withAdvisoryLock<T>(
  url: string,
  name: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectionTimeoutMilliseconds,
    keepAlive: true,
  });
  // A connection that breaks gives the lock away: what is done under it must bear that.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',
      [name],
    );
    return rows[0]?.locked === true ? await work() : undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}
