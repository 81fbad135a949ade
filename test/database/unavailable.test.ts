// Which faults of a query are an outage, told by making each: a wait mends an outage, and nothing else may be waited for.
import { PrismaPg } from '@prisma/adapter-pg';
import { describe, expect, it } from 'vitest';
import { openDatabase, type Database, type Queries } from '../../src/database/client.ts';
import { PrismaClient } from '../../src/database/generated/client.ts';
import { applyMigrations, migrationsDirectory } from '../../src/database/migrate.ts';
import { isUnavailable } from '../../src/database/unavailable.ts';
import { freePort } from '../../src/local/free-port.ts';
import { useDatabase } from './fixture.ts';

const opened = useDatabase();

const select = (queries: Queries): Promise<unknown> => queries.$queryRaw`SELECT 1`;
const find = (queries: Queries): Promise<unknown> => queries.outbox.findFirst();
const ways: Readonly<Record<string, (database: Database) => Promise<unknown>>> = {
  'a statement': (database) => database.run(select),
  'a query': (database) => database.run(find),
  'a transaction': (database) => database.transaction(find),
};

/** What goes wrong at an address that differs from that of the test's database. */
async function faultAt(change: (url: URL) => void, way: string): Promise<unknown> {
  const url = new URL(opened.url);
  change(url);
  const database = openDatabase(url.href);
  try {
    return await ways[way]?.(database).then(
      () => 'none',
      (error: unknown) => error,
    );
  } finally {
    await database.close();
  }
}

describe('a transaction that ran out of time', () => {
  const outliving = 300;
  const standStill = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, outliving));

  /** What a transaction fails with that may take a third of the time that the process stands still within it. */
  async function faultOf(work: (queries: Queries) => Promise<unknown>): Promise<unknown> {
    const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: opened.url }) });
    try {
      return await client.$transaction(work, { timeout: outliving / 3 }).then(
        () => 'none',
        (error: unknown) => error,
      );
    } finally {
      await client.$disconnect();
    }
  }

  it.each<[string, (queries: Queries) => Promise<unknown>]>([
    ['before a statement', (queries) => standStill().then(() => select(queries))],
    ['before a query', (queries) => standStill().then(() => find(queries))],
    ['before its end', (queries) => select(queries).then(standStill)],
  ])('since the process stood still %s: an outage', async (_name, work) => {
    const fault = await faultOf(work);
    expect(fault).toMatchObject({ code: 'P2028' });
    expect(isUnavailable(fault)).toBe(true);
  });

  it('is told from one that is used after its end, which is a fault of the code', async () => {
    const fault = await opened.database
      .transaction((queries) => Promise.resolve([queries] as const))
      .then(([queries]) => select(queries))
      .catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'P2028' });
    expect(isUnavailable(fault)).toBe(false);
  });
});

describe.each(Object.keys(ways))('%s', (way) => {
  it('at an address where nobody listens is an outage', async () => {
    const port = String(await freePort());
    expect(await faultAt((url) => (url.port = port), way)).toMatchObject({ code: 'database_unavailable' });
  });

  it('over a connection that cannot be encrypted is an outage', async () => {
    const fault = await faultAt((url) => url.searchParams.set('sslmode', 'verify-full'), way);
    expect(fault).toMatchObject({ code: 'database_unavailable' });
  });

  it.each<[string, string, (url: URL) => void]>([
    ['a wrong user', 'nobody', (url) => (url.username = 'nobody')],
    ['a wrong password', 'postgres', (url) => (url.password = 'wrong')],
    ['a wrong database', 'nowhere', (url) => (url.pathname = '/nowhere')],
  ])('with %s is none, and names it', async (_name, named, change) => {
    const fault = await faultAt(change, way);
    expect(fault).toBeInstanceOf(Error);
    expect(fault).not.toMatchObject({ code: 'database_unavailable' });
    expect((fault as Error).message).toContain(named);
  });
});

it.each<[string, string, (url: URL) => void]>([
  ['a wrong password', 'password authentication failed', (url) => (url.password = 'wrong')],
  ['a wrong database', 'database "nowhere" does not exist', (url) => (url.pathname = '/nowhere')],
  [
    'TLS that the server has not',
    'does not support SSL',
    (url) => url.searchParams.set('sslmode', 'verify-full'),
  ],
])('a process that starts with %s says so at once', async (_name, message, change) => {
  const url = new URL(opened.url);
  change(url);
  await expect(applyMigrations(url.href, migrationsDirectory())).rejects.toThrow(message);
});
