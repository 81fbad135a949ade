// A real Temporal development server for one test file.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { freePort } from '../src/local/free-port.ts';
import { findTemporal } from '../src/local/temporal-program.ts';
import { temporalServer } from '../src/local/temporal.ts';

export interface TestTemporal {
  readonly address: string;
  readonly client: Client;
  readonly connection: NativeConnection;
  stop(): Promise<void>;
}

/** From so many events on Temporal suggests a new run, where a test asks for that. */
export const longHistoryEvents = 100;

/**
 * @param options.searchAttributes names that the server knows from its start; left out: none.
 * @param options.settings dynamic ones of the server, each `KEY=VALUE`.
 * @param options.suggestsNewRuns from {@link longHistoryEvents} on; left out: from Temporal's own number on.
 */
export async function startTemporal({
  suggestsNewRuns = false,
  ...options
}: {
  readonly searchAttributes?: readonly string[];
  readonly suggestsNewRuns?: boolean;
  readonly settings?: readonly string[];
} = {}): Promise<TestTemporal> {
  const directory = await mkdtemp(join(tmpdir(), 'coordinator-temporal-'));
  const program = await findTemporal({
    cacheDirectory: resolve(import.meta.dirname, '../.cache/temporal'),
    searchPath: process.env['PATH'] ?? '',
    tell: () => undefined,
    stopping: new AbortController().signal,
  });
  const server = temporalServer({
    program,
    databaseFile: join(directory, 'temporal.db'),
    namespace: 'default',
    port: await freePort(),
    uiPort: await freePort(),
    logFile: join(directory, 'temporal.log'),
    ...(suggestsNewRuns && {
      settings: [`limit.historyCount.suggestContinueAsNew=${longHistoryEvents}`],
    }),
    ...options,
  });
  const child = server.spawn();
  await server.ready();
  const connection = await NativeConnection.connect({ address: server.address });
  const client = new Client({ connection: await Connection.connect({ address: server.address }) });
  return {
    address: server.address,
    client,
    connection,
    async stop() {
      await client.connection.close();
      await connection.close();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
