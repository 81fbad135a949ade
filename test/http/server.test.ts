// The server as a process starts it: migrations, listening, and its end.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startServer } from '../../src/http/server.ts';
import { createLogger } from '../../src/log.ts';
import { startTestPostgres, type TestPostgres } from '../database/postgres.ts';

let postgres: TestPostgres;
let directory: string;
const log = createLogger('test', 'silent');

beforeAll(async () => {
  postgres = await startTestPostgres();
  directory = await mkdtemp(join(tmpdir(), 'server-'));
});

afterAll(async () => {
  await postgres.stop();
  await rm(directory, { recursive: true });
});

const configWith = async (changes: Record<string, string> = {}) =>
  readConfig({
    DATABASE_URL: await postgres.empty(),
    STORAGE_URL: pathToFileURL(directory).href,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    PORT: '0',
    ...changes,
  });

it('migrates an empty database, listens on loopback, takes work without Temporal, and closes', async () => {
  const server = await startServer(await configWith(), log);
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/u);
  const ready = await fetch(`${server.url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({
    status: 'degraded',
    dependencies: { database: { state: 'up' }, temporal: { state: 'down' } },
  });
  expect(await (await fetch(`${server.url}/experiments`)).json()).toEqual({ items: [], nextCursor: null });
  await server.close();
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
});
