// An object store in a directory of this machine. An object is written to a hidden file, flushed, and then published
// by a link or a rename, so that a crash at any moment leaves the old object, the new one, or none, never a part.
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { v7 } from 'uuid';
import { isSystemError } from '../thrown.ts';
import {
  assertKey,
  assertRange,
  heedFaultsOf,
  storageFault,
  type ByteRange,
  type ListedObject,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
} from './object-store.ts';

/** Unpublished files live here; no key can name it, since keys do not begin with a dot. */
const unpublishedFolder = '.unpublished';
/** An object store in a folder: an object is a file, written elsewhere, flushed, and moved to its place. */
export class DirectoryStore implements ObjectStore {
  readonly #root: string;

  /** @param root absolute path, made when it is missing. */
  constructor(root: string) {
    this.#root = root;
  }

  async put(
    key: string,
    body: Uint8Array | Readable,
    options: PutOptions = {},
  ): Promise<'created' | 'exists'> {
    assertKey(key);
    const unpublished = join(this.#root, unpublishedFolder, v7());
    heedFaultsOf(body);
    try {
      await mkdir(dirname(unpublished), { recursive: true });
      await writeFlushed(unpublished, body);
      return await this.#publish(unpublished, key, options.ifAbsent === true);
    } catch (error) {
      throw storageFault(error);
    } finally {
      await removeOrLeave(unpublished);
    }
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | undefined> {
    const found = await this.head(key);
    if (found === undefined) return undefined;
    if (range !== undefined) assertRange(range, found.sizeBytes);
    return { body: createReadStream(this.#path(key), range), sizeBytes: found.sizeBytes };
  }

  async head(key: string): Promise<{ sizeBytes: number } | undefined> {
    assertKey(key);
    try {
      const found = await stat(this.#path(key));
      return found.isFile() ? { sizeBytes: found.size } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageFault(error);
    }
  }

  async copy(fromKey: string, toKey: string): Promise<void> {
    assertKey(fromKey);
    assertKey(toKey);
    const unpublished = join(this.#root, unpublishedFolder, v7());
    try {
      await mkdir(dirname(unpublished), { recursive: true });
      await link(this.#path(fromKey), unpublished);
      await this.#publish(unpublished, toKey, false);
    } catch (error) {
      throw storageFault(error);
    } finally {
      // rename() of two links to one file does nothing and leaves both.
      await removeOrLeave(unpublished);
    }
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    try {
      await removeIfThere(this.#path(key));
    } catch (error) {
      throw storageFault(error);
    }
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') assertKey(folder.slice(0, -1));
    for await (const key of this.#keysUnder(folder)) {
      if (!key.startsWith(prefix)) continue;
      const found = await stat(this.#path(key)).catch((error: unknown) => {
        // Deleted since the folder was read.
        if (isMissing(error)) return undefined;
        throw storageFault(error);
      });
      if (found !== undefined) yield { key, sizeBytes: found.size, modifiedAt: found.mtime };
    }
  }

  /** A file that nobody wrote to since then. */
  async removeUnfinished(before: Date): Promise<number> {
    const folder = join(this.#root, unpublishedFolder);
    let removed = 0;
    try {
      for (const name of await readdir(folder)) {
        const found = await stat(join(folder, name)).catch(() => undefined); // Published or removed by its writer meanwhile.
        if (found === undefined || found.mtime >= before) continue;
        await rm(join(folder, name), { force: true });
        removed += 1;
      }
    } catch (error) {
      // Nothing was written yet.
      if (!isMissing(error)) throw storageFault(error);
    }
    return removed;
  }

  async check(): Promise<void> {
    const folder = join(this.#root, unpublishedFolder);
    const probe = join(folder, v7());
    try {
      await mkdir(folder, { recursive: true });
      await writeFlushed(probe, new Uint8Array(1));
    } catch (error) {
      throw storageFault(error);
    } finally {
      await removeOrLeave(probe);
    }
  }

  #path(key: string): string {
    return join(this.#root, key);
  }

  async #publish(unpublished: string, key: string, ifAbsent: boolean): Promise<'created' | 'exists'> {
    const path = this.#path(key);
    await makeFolderFlushed(dirname(path));
    if (ifAbsent) {
      try {
        await link(unpublished, path);
      } catch (error) {
        if (isSystemError(error, 'EEXIST')) return 'exists';
        throw error;
      }
    } else {
      await rename(unpublished, path);
    }
    await flush(dirname(path));
    return 'created';
  }

  async *#keysUnder(folder: string): AsyncIterable<string> {
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch(
      (error: unknown) => {
        if (isMissing(error)) return [];
        throw storageFault(error);
      },
    );
    // A folder sorts as its keys do, with the slash that follows its name.
    const names = entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    for (const name of names.sort(byCodeUnits)) {
      if (name.endsWith('/')) yield* this.#keysUnder(folder + name);
      else yield folder + name;
    }
  }
}

async function writeFlushed(path: string, body: Uint8Array | Readable): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeFile(file, body);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a folder and flushes the one that holds the first folder made, or a crash could forget it with all in it. */
async function makeFolderFlushed(path: string): Promise<void> {
  const firstMade = await mkdir(path, { recursive: true });
  if (firstMade === undefined) return;
  for (let made = path; made.length >= firstMade.length; made = dirname(made)) await flush(dirname(made));
}

async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Unlike rm() with `force`, also where a folder of the path is missing or is a file. */
async function removeIfThere(path: string): Promise<void> {
  try {
    await rm(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Removes what was published or failed to be. What cannot be removed now is swept up later, and hides no fault. */
async function removeOrLeave(path: string): Promise<void> {
  await removeIfThere(path).catch(() => undefined);
}

function isMissing(error: unknown): boolean {
  return isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR');
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
