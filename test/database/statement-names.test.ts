import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../src/database/client.ts';
import { statementNames } from '../../src/database/statement-names.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

describe('names of prepared statements', () => {
  const nameOf = (sql: string, name = statementNames()): string => name({ sql, args: [1] });

  test('are the same for the same text, and others for another', () => {
    const name = statementNames();
    const first = nameOf('SELECT $1::int', name);
    expect(first).not.toBe('');
    expect(nameOf('SELECT $1::int', name)).toBe(first);
    expect(nameOf('SELECT $1::int + 1', name)).not.toBe(first);
  });

  test('are not given without values, nor without end', () => {
    const name = statementNames();
    expect(name({ sql: 'BEGIN', args: [] })).toBe('');
    const first = nameOf('SELECT 0, $1::int', name);
    for (let index = 1; index < 200; index += 1)
      expect(nameOf(`SELECT ${index}, $1::int`, name)).not.toBe('');
    expect(nameOf('SELECT 200, $1::int', name)).toBe('');
    expect(nameOf('SELECT 0, $1::int', name)).toBe(first);
  });
});

describe('the database', () => {
  let server: TestPostgres;
  let database: Database;

  beforeAll(async () => {
    server = await startTestPostgres();
    database = openDatabase(server.url);
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  test('has a statement prepared once, however often it runs on a connection', async () => {
    await database.transaction(async (queries) => {
      for (const value of [1, 2, 3]) {
        const rows = await queries.$queryRaw<object[]>`SELECT ${value}::int AS three_times`;
        expect(rows).toEqual([{ three_times: value }]);
      }
      const prepared = await queries.$queryRaw<{ uses: number }[]>`
        SELECT (generic_plans + custom_plans)::int AS uses FROM pg_prepared_statements
        WHERE statement LIKE ${'%three_times%'} AND statement NOT LIKE ${'%pg_prepared_statements%'}`;
      expect(prepared).toEqual([{ uses: 3 }]);
    });
  });
});
