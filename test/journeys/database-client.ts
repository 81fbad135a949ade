// A journey's own look into the database of its stack, which may be restarted meanwhile.
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { StackProcess } from './stack-process.ts';

const patienceSeconds = 60;
const pauseMilliseconds = 300;

/** What a connection ends with: SQLSTATE classes 08 and 57P (PostgreSQL, appendix A), faults of sockets, and what pg says. */
const isLost = (error: unknown): boolean =>
  error instanceof Error &&
  (/^(08|57P|ECONN|EPIPE)/u.test('code' in error ? String(error.code) : '') ||
    /terminated|not queryable/u.test(error.message));

/** Runs `work` on a connection of its own; again from the start, where the connection is lost. Transactions are for `work` to make. */
export async function inDatabase<T>(stack: StackProcess, work: (client: Client) => Promise<T>): Promise<T> {
  const last = performance.now() + patienceSeconds * 1000;
  for (;;) {
    const client = new Client({ connectionString: stack.variable('DATABASE_URL') });
    // The query that is under way fails with it.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await work(client);
    } catch (error) {
      if (!isLost(error) || performance.now() > last) throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
    await delay(pauseMilliseconds);
  }
}
