// One contract for every object store.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodedError } from '../../src/error.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { findVersitygw, openDirectory, openS3, type TestStore } from './stores.ts';

const versitygw = findVersitygw();
const kinds = [
  { name: 'directory', open: openDirectory, isThere: true },
  { name: 'S3', open: () => openS3(versitygw ?? ''), isThere: versitygw !== undefined },
];

/** `megabytes` of bytes in pieces, made as they are read. */
function streamOf(megabytes: number): Readable {
  const piece = randomBytes(64 * 1024);
  return Readable.from(
    (function* () {
      for (let count = 0; count < megabytes * 16; count += 1) yield piece;
    })(),
    { objectMode: false },
  );
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe.each(kinds.map((kind) => [kind.name, kind] as const))('an object store: %s', (_name, kind) => {
  describe.skipIf(!kind.isThere)('keeps the contract', () => {
    let opened: TestStore;
    let store: ObjectStore;
    beforeAll(async () => {
      opened = await kind.open();
      ({ store } = opened);
    });
    afterAll(() => opened.close());

    it('gives back what was put, whole and in ranges', async () => {
      expect(await store.put('a/object', bytes('0123456789'))).toBe('created');
      const whole = await store.get('a/object');
      expect(whole?.sizeBytes).toBe(10);
      expect(String(await buffer(whole!.body))).toBe('0123456789');
      const part = await store.get('a/object', { start: 2, end: 4 });
      expect(part?.sizeBytes).toBe(10);
      expect(String(await buffer(part!.body))).toBe('234');
      expect(await store.head('a/object')).toEqual({ sizeBytes: 10 });
    });

    it('refuses a range that leaves the object', async () => {
      await store.put('range', bytes('0123'));
      for (const range of [
        { start: 0, end: 4 },
        { start: 3, end: 2 },
        { start: -1, end: 2 },
      ]) {
        await expect(store.get('range', range)).rejects.toMatchObject({ code: 'range_not_satisfiable' });
      }
    });

    it('says that an object is not there', async () => {
      expect(await store.get('nothing/here')).toBeUndefined();
      expect(await store.head('nothing/here')).toBeUndefined();
      await store.delete('nothing/here');
    });

    it('replaces an object without ifAbsent and leaves it alone with it', async () => {
      await store.put('twice', bytes('first'));
      expect(await store.put('twice', bytes('second'))).toBe('created');
      expect(await store.put('twice', bytes('third'), { ifAbsent: true })).toBe('exists');
      expect(String(await buffer((await store.get('twice'))!.body))).toBe('second');
    });

    it('creates once when many try at the same time', async () => {
      const contents = Array.from({ length: 12 }, (_, writer) => bytes(`writer ${writer}`));
      const outcomes = await Promise.all(contents.map((body) => store.put('race', body, { ifAbsent: true })));
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      const winner = contents[outcomes.indexOf('created')];
      expect(await buffer((await store.get('race'))!.body)).toEqual(winner);
    });

    it('takes streams of 20 MiB and the empty object', async () => {
      await store.put('large', streamOf(20));
      expect(await store.head('large')).toEqual({ sizeBytes: 20 * 1024 * 1024 });
      await store.put('empty', new Uint8Array(0));
      expect((await buffer((await store.get('empty'))!.body)).length).toBe(0);
    });

    it('takes 9 MiB from memory, and leaves them alone with ifAbsent', async () => {
      const body = randomBytes(9 * 1024 * 1024);
      expect(await store.put('large-bytes', body, { ifAbsent: true })).toBe('created');
      expect(await store.put('large-bytes', body, { ifAbsent: true })).toBe('exists');
      expect((await buffer((await store.get('large-bytes'))!.body)).equals(body)).toBe(true);
    });

    it('shows nothing of a stream that breaks off', async () => {
      const broken = Readable.from(
        (function* () {
          yield randomBytes(100_000);
          throw new Error('cut');
        })(),
        { objectMode: false },
      );
      await expect(store.put('broken', broken)).rejects.toBeInstanceOf(CodedError);
      expect(await store.head('broken')).toBeUndefined();
    });

    it('copies and deletes', async () => {
      await store.put('original', bytes('content'));
      await store.copy('original', 'copies/one');
      await store.copy('original', 'copies/one');
      await store.delete('original');
      expect(await store.head('original')).toBeUndefined();
      expect(String(await buffer((await store.get('copies/one'))!.body))).toBe('content');
    });

    it('lists by prefix in the order of keys', async () => {
      for (const key of ['l/b/2', 'l/b-1', 'l/a', 'l/b/10', 'm/x']) await store.put(key, bytes(key));
      expect(await keysOf(store, 'l/')).toEqual(['l/a', 'l/b-1', 'l/b/10', 'l/b/2']);
      expect(await keysOf(store, 'l/b/')).toEqual(['l/b/10', 'l/b/2']);
      expect(await keysOf(store, 'none/')).toEqual([]);
      for await (const found of store.list('m/')) {
        expect(found.sizeBytes).toBe(3);
        expect(Math.abs(Date.now() - found.modifiedAt.getTime())).toBeLessThan(60_000);
      }
    });

    it.each(['../x', '/x', 'a/../x', 'a//b', '.hidden', 'a/.x', '', 'a\0b', 'a/', 'ü', 'x'.repeat(600)])(
      'refuses the key %j',
      async (key) => {
        await expect(store.put(key, bytes('x'))).rejects.toMatchObject({ code: 'internal' });
        await expect(store.get(key)).rejects.toMatchObject({ code: 'internal' });
        await expect(store.delete(key)).rejects.toMatchObject({ code: 'internal' });
      },
    );

    it('passes its check', async () => {
      await expect(store.check()).resolves.toBeUndefined();
    });
  });
});
