// Blobs are named by their content, and are never handed out when they are not what their name says.
import { randomBytes } from 'node:crypto';
import { openSync, closeSync, writeSync, truncateSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BlobStore, sha256Of } from '../../src/storage/blob-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { findVersitygw, openDirectory, openS3, type TestStore } from './stores.ts';

const versitygw = findVersitygw();
const kinds = [
  { name: 'directory', open: openDirectory, isThere: true },
  { name: 'S3', open: () => openS3(versitygw ?? ''), isThere: versitygw !== undefined },
];

function pieces(body: Buffer): Readable {
  return Readable.from(
    (function* () {
      for (let start = 0; start < body.length; start += 100_000) yield body.subarray(start, start + 100_000);
    })(),
    { objectMode: false },
  );
}

async function count(store: ObjectStore, prefix: string): Promise<number> {
  let found = 0;
  for await (const { key } of store.list(prefix)) found += key === '' ? 0 : 1;
  return found;
}

describe.each(kinds.map((kind) => [kind.name, kind] as const))(
  'blobs in an object store: %s',
  (_name, kind) => {
    describe.skipIf(!kind.isThere)('content', () => {
      let opened: TestStore;
      let blobs: BlobStore;
      const pathOf = (sha256: string): string => {
        const digits = sha256.slice('sha256:'.length);
        return join(opened.folder, 'project', 'blobs', 'sha256', digits.slice(0, 2), digits);
      };
      beforeAll(async () => {
        opened = await kind.open();
        blobs = new BlobStore(opened.store, 'project/');
      });
      afterAll(() => opened.close());

      it('is the same blob from memory and from a stream, and is given back', async () => {
        const body = randomBytes(20 * 1024 * 1024);
        const reference = await blobs.putStream(pieces(body));
        expect(reference).toEqual({ sha256: sha256Of(body), sizeBytes: body.length });
        expect(await blobs.putBytes(body)).toEqual(reference);
        expect(await count(opened.store, 'project/blobs/')).toBe(1);
        expect((await buffer(await blobs.get(reference))).equals(body)).toBe(true);
        const part = await buffer(await blobs.getRange(reference.sha256, { start: 5, end: 9 }));
        expect(part.equals(body.subarray(5, 10))).toBe(true);
      });

      it('is the same blob from parts as from their whole, and is given back', async () => {
        const parts = [0, 3, 20 * 1024 * 1024 + 1, 0, 5_000_000, 1].map((size) => randomBytes(size));
        const whole = Buffer.concat(parts);
        const reference = await blobs.putParts(parts);
        expect(reference).toEqual({ sha256: sha256Of(whole), sizeBytes: whole.length });
        expect((await buffer(await blobs.get(reference))).equals(whole)).toBe(true);
        const none = await blobs.putParts([]);
        expect(none).toEqual({ sha256: sha256Of(''), sizeBytes: 0 });
        expect(await buffer(await blobs.get(none))).toHaveLength(0);
      });

      it('from parts is written once, and anew when what is stored was cut short', async () => {
        const put = vi.spyOn(opened.store, 'put');
        const parts = [randomBytes(100_000), randomBytes(7)];
        const reference = await blobs.putParts(parts);
        expect(await blobs.putParts(parts)).toEqual(reference);
        expect(await blobs.putParts([Buffer.concat(parts)])).toEqual(reference);
        expect(put).toHaveBeenCalledTimes(1);
        truncateSync(pathOf(reference.sha256), 99_999);
        await blobs.putParts(parts);
        expect(put).toHaveBeenCalledTimes(2);
        put.mockRestore();
        expect((await buffer(await blobs.get(reference))).equals(Buffer.concat(parts))).toBe(true);
      });

      it('from parts takes no memory for a copy of them', async () => {
        const part = randomBytes(16 * 1024 * 1024);
        const parts = Array.from({ length: 16 }, (_, index) => part.subarray(index));
        const before = process.memoryUsage().arrayBuffers;
        let most = 0;
        const sampler = setInterval(() => {
          most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        }, 5);
        try {
          await blobs.putParts(parts);
        } finally {
          clearInterval(sampler);
        }
        expect(most).toBeLessThan(128 * 1024 * 1024);
      });

      it('from a stream takes memory that does not grow with the stream', async () => {
        const piece = randomBytes(1024 * 1024);
        const held = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
        const before = held();
        let most = 0;
        const body = Readable.from(
          (function* () {
            for (let count = 0; count < 256; count += 1) {
              most = Math.max(most, held() - before);
              yield Buffer.from(piece);
            }
          })(),
          { objectMode: false },
        );
        expect(await blobs.putStream(body)).toMatchObject({ sizeBytes: 256 * 1024 * 1024 });
        expect(most).toBeLessThan(128 * 1024 * 1024);
      });

      it('whose temporary object cannot be deleted is stored all the same, or says what else went wrong', async () => {
        const failing = vi.spyOn(opened.store, 'delete').mockRejectedValue(new Error('delete failed'));
        try {
          const body = randomBytes(1000);
          const reference = await blobs.putStream(pieces(body));
          expect(Buffer.from(await blobs.bytes(reference)).equals(body)).toBe(true);
          await expect(blobs.putStream(pieces(body), { maximumBytes: 999 })).rejects.toMatchObject({
            code: 'payload_too_large',
          });
        } finally {
          failing.mockRestore();
        }
        expect(await blobs.removeLeftovers(new Date(Date.now() + 60_000))).toBeGreaterThan(0);
      });

      it('tells of its progress while it is written and read, and leaves timers their turn', async () => {
        const progress = vi.fn();
        const timer = setInterval(() => (ticks += 1), 1);
        let ticks = 0;
        let ticksWhileHashing = 0;
        const look = vi.spyOn(opened.store, 'get').mockImplementationOnce(() => {
          ticksWhileHashing = ticks;
          return Promise.resolve(undefined);
        });
        const reference = await blobs.putParts([randomBytes(128 * 1024 * 1024)], progress);
        look.mockRestore();
        clearInterval(timer);
        expect(ticksWhileHashing).toBeGreaterThan(1);
        expect(progress.mock.calls.length).toBeGreaterThanOrEqual(64);
        progress.mockClear();
        await blobs.bytes(reference, progress);
        expect(progress.mock.calls.length).toBeGreaterThanOrEqual(64);
      });

      it('from a stream tells of its progress as it comes, and while the store copies it', async () => {
        const progress = vi.fn();
        let toldBefore = 0;
        const copy = vi.spyOn(opened.store, 'copy').mockImplementationOnce(async (from, to) => {
          toldBefore = progress.mock.calls.length;
          await vi.waitUntil(() => progress.mock.calls.length > toldBefore, { timeout: 8000 });
          await opened.store.copy(from, to);
        });
        const body = randomBytes(500_000);
        const reference = await blobs.putStream(pieces(body), { onProgress: progress });
        copy.mockRestore();
        expect(toldBefore).toBeGreaterThanOrEqual(5);
        expect(progress.mock.calls.length).toBeGreaterThan(toldBefore);
        expect((await buffer(await blobs.get(reference))).equals(body)).toBe(true);
      }, 15_000);

      it('from a stream is not stored when whoever is told of its progress ends it', async () => {
        const before = await count(opened.store, '');
        const reason = new Error('no longer wanted');
        const onProgress = (): void => {
          throw reason;
        };
        await expect(blobs.putStream(pieces(randomBytes(500_000)), { onProgress })).rejects.toBe(reason);
        expect(await count(opened.store, '')).toBe(before);
      });

      it('over the limit leaves nothing behind', async () => {
        const before = await count(opened.store, '');
        const body = randomBytes(500_000);
        await expect(blobs.putStream(pieces(body), { maximumBytes: 499_999 })).rejects.toMatchObject({
          code: 'payload_too_large',
        });
        expect(await count(opened.store, '')).toBe(before);
        await expect(blobs.putStream(pieces(body), { maximumBytes: 500_000 })).resolves.toMatchObject({
          sizeBytes: 500_000,
        });
      });

      it('that breaks off or is abandoned leaves nothing behind', async () => {
        const before = await count(opened.store, '');
        const broken = Readable.from(
          (function* () {
            yield randomBytes(100_000);
            throw new Error('cut');
          })(),
          { objectMode: false },
        );
        await expect(blobs.putStream(broken)).rejects.toThrow('cut');
        const abandoned = new Readable({ read: () => undefined });
        abandoned.push(randomBytes(1000));
        setImmediate(() => abandoned.destroy());
        await expect(blobs.putStream(abandoned)).rejects.toMatchObject({ code: 'invalid_request' });
        expect(await count(opened.store, '')).toBe(before);
      });

      it('with a flipped byte is refused at its end', async () => {
        const reference = await blobs.putBytes(randomBytes(300_000));
        const file = openSync(pathOf(reference.sha256), 'r+');
        writeSync(file, Buffer.from(randomBytes(1)), 0, 1, 299_999);
        writeSync(file, Buffer.from('flipped'), 0, 7, 1000);
        closeSync(file);
        await expect(blobs.bytes(reference)).rejects.toMatchObject({ code: 'blob_corrupt' });
        await expect(blobs.bytes(reference.sha256)).rejects.toMatchObject({ code: 'blob_corrupt' });
      });

      it('that was cut short is refused, and is mended when it is put again', async () => {
        const body = randomBytes(10_000);
        const reference = await blobs.putBytes(body);
        truncateSync(pathOf(reference.sha256), 9_999);
        await expect(blobs.bytes(reference)).rejects.toMatchObject({ code: 'blob_corrupt' });
        await blobs.putBytes(body);
        expect((await buffer(await blobs.get(reference))).equals(body)).toBe(true);
      });

      it.each([
        ['from memory', (body: Buffer) => blobs.putBytes(body)],
        ['in parts', (body: Buffer) => blobs.putParts([body.subarray(0, 10), body.subarray(10)])],
        ['as a stream', (body: Buffer) => blobs.putStream(pieces(body))],
      ])(
        'that was damaged unread, at its full size, is mended when it is put again %s',
        async (_how, putAgain) => {
          const body = randomBytes(10_000);
          const reference = await blobs.putBytes(body);
          const file = openSync(pathOf(reference.sha256), 'r+');
          writeSync(file, Buffer.from('damaged'), 0, 7, 1000);
          closeSync(file);
          expect(await putAgain(body)).toEqual(reference);
          expect((await buffer(await blobs.get(reference))).equals(body)).toBe(true);
        },
      );

      it('that is missing is said to be missing', async () => {
        const reference = await blobs.putBytes(randomBytes(10));
        rmSync(pathOf(reference.sha256));
        await expect(blobs.get(reference)).rejects.toMatchObject({ code: 'blob_missing' });
        await expect(blobs.getRange(reference.sha256, { start: 0, end: 1 })).rejects.toMatchObject({
          code: 'blob_missing',
        });
      });

      it('of uploads that never ended is removed by its age', async () => {
        await opened.store.put('project/incoming/left', randomBytes(10));
        expect(await blobs.removeLeftovers(new Date(Date.now() - 60_000))).toBe(0);
        expect(await blobs.removeLeftovers(new Date(Date.now() + 60_000))).toBe(1);
        expect(await count(opened.store, 'project/incoming/')).toBe(0);
      });
    });
  },
);

describe('a blob whose store fails while it is read', () => {
  it('fails with the store’s code, not with the hash’s', async () => {
    const opened = await openDirectory();
    const { sha256 } = await new BlobStore(opened.store, '').putBytes(Buffer.from('content'));
    const broken = new Readable({ read: () => undefined });
    broken.push('con');
    const failing = new Proxy(opened.store, {
      get: (store, name) =>
        name === 'get'
          ? () => Promise.resolve({ body: broken, sizeBytes: 7 })
          : (Reflect.get(store, name, store) as unknown),
    });
    const reading = buffer(await new BlobStore(failing, '').get(sha256));
    setImmediate(() => broken.destroy(new Error('connection reset')));
    await expect(reading).rejects.toMatchObject({ code: 'storage_unavailable' });
    await opened.close();
  });
});
