// A connection of its own to PostgreSQL, for what belongs to a session: locks, listening, migrations.
import { Client, type ClientConfig } from 'pg';

/**
 * What every connection is made with. The server gives a statement up, and the driver a server that says nothing a little later:
 * no call lasts for ever. A peer that is gone without a packet is noticed by asking it while nothing else is said.
 */
export const connectionSettings = {
  connectionTimeoutMillis: 5_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  statement_timeout: 30_000,
  query_timeout: 35_000,
} as const;

/**
 * A session that is not connected yet.
 *
 * @param settings in place of, or besides, the usual ones.
 */
export function newSession(url: string, settings: ClientConfig = {}): Client {
  const client = new Client({ ...connectionSettings, ...settings, connectionString: url });
  // A connection that ends says so here too, also when nobody asks anything. Whoever asks next meets the fault.
  client.on('error', () => undefined);
  return client;
}
