// A lock that one process at a time has, for work that two would do twice. It ends with its connection.
import { newSession } from './session.ts';
import { withCodedOutage } from './unavailable.ts';

/**
 * Runs `work` while nobody else runs work under the same name.
 *
 * @returns `undefined` when somebody else does.
 * @throws what `work` throws; CodedError `database_unavailable`.
 */
export async function withAdvisoryLock<T>(
  url: string,
  name: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  // A connection that breaks gives the lock away: what is done under it must bear that.
  const session = newSession(url);
  try {
    const { rows } = await withCodedOutage(async () => {
      await session.connect();
      return session.query<{ locked: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked',
        [name],
      );
    });
    return rows[0]?.locked === true ? await work() : undefined;
  } finally {
    await session.end().catch(() => undefined);
  }
}
