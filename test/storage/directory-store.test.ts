// What a crash leaves in the directory is never seen and does not stay, and faults of the disk have a code.
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { openDirectory, type TestStore } from './stores.ts';

describe('the directory store', () => {
  let opened: TestStore;
  beforeEach(async () => {
    opened = await openDirectory();
  });
  afterEach(() => opened.close());

  /** What a writer that was killed leaves: a part of an object under the name of no object. */
  function leaveUnpublished(name: string, ageHours: number): string {
    const folder = join(opened.folder, '.unpublished');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(path, 'half an obj');
    const time = new Date(Date.now() - ageHours * 3_600_000);
    utimesSync(path, time, time);
    return path;
  }

  it('lists nothing of a write that was cut off', async () => {
    leaveUnpublished('left', 0);
    await opened.store.put('whole', Buffer.from('x'));
    const keys: string[] = [];
    for await (const { key } of opened.store.list('')) keys.push(key);
    expect(keys).toEqual(['whole']);
  });

  it('removes what was left before a time, and leaves writes under way alone', async () => {
    const yesterday = new Date(Date.now() - 24 * 3_600_000);
    expect(await opened.store.removeUnfinished(yesterday)).toBe(0);
    const old = leaveUnpublished('old', 25);
    const recent = leaveUnpublished('recent', 23);
    expect(await opened.store.removeUnfinished(yesterday)).toBe(1);
    expect(existsSync(old)).toBe(false);
    expect(existsSync(recent)).toBe(true);
  });

  it('leaves no unpublished file after writes that worked, failed, or found the object there', async () => {
    await opened.store.put('a', Buffer.from('1'), { ifAbsent: true });
    await opened.store.put('a', Buffer.from('2'), { ifAbsent: true });
    await opened.store.copy('a', 'b');
    const broken = new Readable({ read: () => undefined });
    setImmediate(() => broken.destroy(new Error('cut')));
    await expect(opened.store.put('c', broken)).rejects.toMatchObject({ code: 'storage_unavailable' });
    await opened.store.check();
    expect(readdirSync(join(opened.folder, '.unpublished'))).toEqual([]);
  });

  it('says that it is unavailable where its folder cannot be, without naming the folder', async () => {
    const blocked = join(opened.folder, 'file');
    writeFileSync(blocked, '');
    const store = new DirectoryStore(join(blocked, 'store'));
    await expect(store.check()).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(store.put('a', Buffer.from('1'))).rejects.not.toThrow(opened.folder);
  });

  it('is what a file URL opens', async () => {
    await openStore(new URL(`file://${opened.folder}`).href).put('through/url', Buffer.from('x'));
    expect(await opened.store.head('through/url')).toEqual({ sizeBytes: 1 });
  });

  it.each(['', 'relative', 'http://host/x', 's3:///prefix', 's3://bucket/a b', 'file://host/x'])(
    'is not opened by %j',
    (url) => {
      expect(() => openStore(url)).toThrow('STORAGE_URL');
    },
  );
});
