// What the S3 store makes of S3's answers to conditional writes, which a server gives only by chance.
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { S3Calls } from '../../src/storage/s3-client.ts';
import { S3Store } from '../../src/storage/s3-store.ts';

function answer(status: number, attempts = 1): Error {
  return Object.assign(new Error('S3 says no'), { $metadata: { httpStatusCode: status, attempts } });
}

/** A bucket that holds `stored` under every key and gives `answers` to writes, one after another, then takes them. */
function bucket(stored: string, answers: Error[]): { calls: S3Calls; writes: () => number } {
  let writes = 0;
  const write = (): Promise<void> => {
    writes += 1;
    const next = answers.shift();
    return next === undefined ? Promise.resolve() : Promise.reject(next);
  };
  const calls: S3Calls = {
    putBytes: write,
    putStream: write,
    get: () => Promise.resolve({ body: Readable.from([Buffer.from(stored)]), sizeBytes: stored.length }),
    head: () => Promise.resolve(stored.length),
    copy: () => Promise.resolve(),
    delete: () => Promise.resolve(),
    list: () => Promise.resolve({ objects: [], nextToken: undefined }),
    unfinishedUploads: () => Promise.resolve({ uploads: [], next: undefined }),
    abortUpload: () => Promise.resolve(),
  };
  return { calls, writes: () => writes };
}

const body = Buffer.from('content');
const ifAbsent = { ifAbsent: true };

describe('a conditional write to S3', () => {
  it('that fails after a retry of our own is read: the same bytes are ours', async () => {
    const store = new S3Store(bucket('content', [answer(412, 2)]).calls, '');
    expect(await store.put('key', body, ifAbsent)).toBe('created');
  });

  it('that fails after a retry is another writer’s when the bytes differ', async () => {
    for (const other of ['another', 'content that is longer']) {
      const store = new S3Store(bucket(other, [answer(412, 2)]).calls, '');
      expect(await store.put('key', body, ifAbsent)).toBe('exists');
    }
  });

  it('that fails at once found an object of another writer', async () => {
    const store = new S3Store(bucket('content', [answer(412, 1)]).calls, '');
    expect(await store.put('key', body, ifAbsent)).toBe('exists');
  });

  it('that meets another one under way is tried again', async () => {
    const { calls, writes } = bucket('content', [answer(409), answer(409)]);
    expect(await new S3Store(calls, '').put('key', body, ifAbsent)).toBe('created');
    expect(writes()).toBe(3);
  });

  it('gives up on conflicts that do not end', async () => {
    const { calls, writes } = bucket(
      'content',
      Array.from({ length: 20 }, () => answer(409)),
    );
    await expect(new S3Store(calls, '').put('key', body, ifAbsent)).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    expect(writes()).toBe(6);
  });

  it('reports any other answer as a fault of the store, without its text', async () => {
    const { calls } = bucket('content', [answer(503)]);
    const put = new S3Store(calls, '').put('key', body, ifAbsent);
    await expect(put).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(put).rejects.not.toThrow('S3 says no');
  });
});
