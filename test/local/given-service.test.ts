// What the operator gave an address of is waited for, and named while it is silent.
import { describe, expect, it } from 'vitest';
import { databaseName, readConfig, storeName, temporalName } from '../../src/config.ts';
import { untilAnswers } from '../../src/local/given-service.ts';
import { checkPostgres } from '../../src/local/postgres.ts';
import { checkTemporal } from '../../src/local/temporal.ts';

const running = new AbortController().signal;
const config = readConfig({
  DATABASE_URL: 'postgresql://user:secret@127.0.0.1:1/name?sslmode=disable',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  STORAGE_URL: 's3://bucket/prefix',
});
const names = {
  database: databaseName(config),
  storage: storeName(config),
  temporal: temporalName(config.temporal),
};

describe('a service that was given', () => {
  it('is named with its address, never a password', () => {
    expect(names).toEqual({
      database: 'PostgreSQL at 127.0.0.1:1/name (DATABASE_URL)',
      storage: 'The object store s3://bucket/prefix (STORAGE_URL)',
      temporal: 'Temporal at 127.0.0.1:1 (TEMPORAL_ADDRESS)',
    });
  });

  it.each([
    [names.database, () => checkPostgres(config.databaseUrl)],
    [names.temporal, () => checkTemporal({ address: config.temporal.address }, 'default')],
  ])('that does not answer is told early and in the error: %s', async (name, check) => {
    const told: string[] = [];
    const waiting = untilAnswers({ name, check }, (line) => told.push(line), running, {
      noticeSeconds: 1,
      timeoutSeconds: 2,
    });
    await expect(waiting).rejects.toThrow(
      new RegExp(`^${escaped(name)} did not answer within 2 s \\(.*ECONNREFUSED.*\\): start it`, 'u'),
    );
    expect(told).toEqual([
      expect.stringMatching(new RegExp(`^${escaped(name)} does not answer \\(.*ECONNREFUSED`, 'u')),
    ]);
  });

  it('that answers in the end is all right, and nothing is told of one that does so soon', async () => {
    const told: string[] = [];
    let asked = 0;
    const check = () => (++asked < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve());
    await untilAnswers({ name: 'it', check }, (line) => told.push(line), running);
    expect(asked).toBe(3);
    expect(told).toEqual([]);
  });

  it('is not waited for any longer once the stack is to stop', async () => {
    const check = () => Promise.reject(new Error('not yet'));
    const waiting = untilAnswers(
      { name: 'it', check },
      () => undefined,
      AbortSignal.abort(new Error('stop')),
    );
    await expect(waiting).rejects.toThrow('stop');
  });
});

const escaped = (text: string): string => text.replace(/[.()/]/gu, '\\$&');
