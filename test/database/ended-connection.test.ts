// The server ends the connection of a transaction, as its fast shutdown does: that is an outage, at whichever statement it shows.
import { describe, expect, it } from 'vitest';
import type { Queries } from '../../src/database/client.ts';
import { until } from '../../src/local/until.ts';
import { useDatabase } from './fixture.ts';

const opened = useDatabase();

async function endConnection(queries: Queries): Promise<void> {
  const [own] = await queries.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  await opened.database.run((other) => other.$queryRaw`SELECT pg_terminate_backend(${own?.pid}::int)`);
}

const select = (queries: Queries): Promise<unknown> => queries.$queryRaw`SELECT 1`;

describe('a transaction whose connection the server ends', () => {
  it.each<[string, (queries: Queries) => Promise<unknown>]>([
    ['during a statement', (queries) => queries.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())`],
    [
      'before the next statement',
      async (queries) => {
        await endConnection(queries);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await select(queries);
      },
    ],
    ['as the next statement is sent', async (queries) => endConnection(queries).then(() => select(queries))],
    ['before its end', endConnection],
  ])('%s fails as database_unavailable', async (_, work) => {
    await expect(opened.database.transaction(work)).rejects.toMatchObject({ code: 'database_unavailable' });
    // The pool may hand out the connection once more before it knows that it is gone.
    const answers = (): Promise<boolean> =>
      opened.database.run(select).then(
        () => true,
        () => false,
      );
    await until(answers, { timeoutSeconds: 10, what: 'another connection' });
  });
});
