// At most one stack uses a data directory. Locks are numbered files that name their process; the greatest number counts.
// A lock is never removed before a greater one exists, so that two starters cannot both take over a dead process's lock.
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../error.ts';
import { isSystemError } from '../thrown.ts';
import { startOf } from '../machine/process-start.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

interface LockOwner {
  readonly processId: number;
  /** Tells the process from a later one with the same number. `null` in a lock that was released. */
  readonly start: string | null;
}

const namePattern = /^stack\.lock\.(\d+)$/;
const maximumTries = 100;

/**
 * Takes the lock of a data directory, which is created when missing (readable by its owner only).
 *
 * @throws CodedError `data_directory_in_use` naming the process that holds it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const owner: LockOwner = { processId: process.pid, start: startOf(process.pid) ?? '' };
  for (let attempt = 0; attempt < maximumTries; attempt += 1) {
    const number = await greatestNumber(directory);
    await refuseLiving(directory, number);
    const taken = number + 1;
    if (!(await create(directory, taken, owner))) continue;
    if ((await greatestNumber(directory)) === taken) {
      await removeBelow(directory, taken);
      return { release: () => release(directory, taken) };
    }
    // Others took and gave back greater ones since this one looked: that number no longer counts.
    await rm(pathOf(directory, taken), { force: true });
  }
  throw new CodedError('data_directory_in_use', `${directory} is being taken by other processes.`);
}

const pathOf = (directory: string, number: number): string => join(directory, `stack.lock.${number}`);

async function numbersIn(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => namePattern.exec(name)?.[1] ?? []).map(Number);
}

async function greatestNumber(directory: string): Promise<number> {
  return Math.max(0, ...(await numbersIn(directory)));
}

async function refuseLiving(directory: string, number: number): Promise<void> {
  const { processId, start } = await readOwner(pathOf(directory, number));
  if (start !== null && startOf(processId) === start)
    throw new CodedError('data_directory_in_use', `${directory} is used by process ${processId}.`);
}

async function readOwner(path: string): Promise<LockOwner> {
  try {
    // Only this file writes locks, and each appears whole.
    return JSON.parse(await readFile(path, 'utf8')) as LockOwner;
  } catch (error) {
    // None yet, or a greater one has taken its place: the next look sees that.
    if (isSystemError(error, 'ENOENT')) return { processId: 0, start: null };
    throw error;
  }
}

/** A link is made whole or not at all. @returns whether the number was free. */
async function create(directory: string, number: number, owner: LockOwner): Promise<boolean> {
  const draft = join(directory, `stack.draft.${randomUUID()}`);
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  try {
    await link(draft, pathOf(directory, number));
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function removeBelow(directory: string, number: number): Promise<void> {
  for (const lower of await numbersIn(directory))
    if (lower < number) await rm(pathOf(directory, lower), { force: true });
}

/** Puts a greater lock that nobody owns in the place of one's own. */
async function release(directory: string, number: number): Promise<void> {
  await create(directory, number + 1, { processId: process.pid, start: null });
  await rm(pathOf(directory, number), { force: true });
}
