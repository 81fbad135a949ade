// At most one stack uses a data directory. The lock is a file that names its process; a dead process's lock is taken over.
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { CodedError } from '../error.ts';
import { startOf } from './process-identity.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

const maximumTries = 20;

/**
 * Takes the lock of a data directory, which is created when missing (readable by its owner only).
 *
 * @throws CodedError `data_directory_in_use` naming the process that holds it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'stack.lock');
  const unique = randomUUID();
  const own = `${process.pid} ${startOf(process.pid) ?? ''} ${unique}`;
  const draft = `${path}.${unique}`;
  await writeFile(draft, own, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < maximumTries; attempt += 1) {
      if (await publish(draft, path)) return { release: () => release(path, own) };
      await removeIfStale(path, directory);
    }
    throw new CodedError('data_directory_in_use', `${directory} is being taken by other processes.`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** A link is made whole or not at all, so that a lock is never seen half-written. */
async function publish(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function removeIfStale(path: string, directory: string): Promise<void> {
  const seen = await readIfThere(path);
  if (seen === undefined) return;
  const [processId = '', ...rest] = seen.split(' ');
  const start = rest.slice(0, -1).join(' ');
  if (startOf(Number(processId)) === start)
    throw new CodedError('data_directory_in_use', `${directory} is used by process ${processId}.`);
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch((error: unknown) => {
    // Another starter removed it first: the next round decides.
    if (!hasCode(error, 'ENOENT')) throw error;
  });
  // Between reading and renaming another starter may have put its own lock there: give that back.
  const moved = await readIfThere(aside);
  if (moved !== undefined && moved !== seen) await publish(aside, path);
  await rm(aside, { force: true });
}

async function release(path: string, own: string): Promise<void> {
  if ((await readIfThere(path)) === own) await rm(path, { force: true });
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
