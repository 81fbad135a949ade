// A directory of this machine for one piece of work: large things are read from disk, and gone when it ends. Its name says
// whose it is, so that what a killed process has left is found.
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../error.ts';
import type { Logger } from '../log.ts';

/** What follows the host in a name: the process and what makes the name unique. */
const ownerPattern = /^(\d+)-[A-Za-z0-9]{6}$/;

/** Makes an empty directory in the machine's temporary one. Who makes it removes it. */
export async function makeScratchDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${hostPrefix()}${process.pid}-`));
}

/** Does `work` with an empty directory, and removes it whatever comes of it. */
export async function withScratchDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await makeScratchDirectory();
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Removes the directories of this host's processes that are gone. To be called before this process makes its first: one
 * under its own number was left by an earlier process, as a container's workers have the same number at every start.
 *
 * @returns how many were removed.
 * @throws the file system's fault.
 */
export async function removeAbandonedScratch(): Promise<number> {
  let removed = 0;
  for (const name of await readdir(tmpdir())) {
    const pid = ownerOf(name);
    if (pid === undefined || (pid !== process.pid && isAlive(pid))) continue;
    const path = join(tmpdir(), name);
    // Others may write to that place: neither a link nor a directory of another user is ours.
    const found = await lstat(path).catch(() => undefined);
    if (found?.isDirectory() !== true || found.uid !== process.getuid?.()) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

/**
 * {@link removeAbandonedScratch} at the start of a process; says what came of it. A machine whose temporary directory cannot
 * be tidied can still work.
 */
export async function tidyScratch(log: Logger): Promise<void> {
  try {
    const removed = await removeAbandonedScratch();
    if (removed > 0) log.info({ removed }, 'removed what killed processes had left on this machine');
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'what killed processes have left was not removed');
  }
}

function hostPrefix(): string {
  return `bert-eval-${hostname()}-`;
}

/** `undefined` for what is no scratch directory, or another host's, whose processes cannot be seen here. */
function ownerOf(name: string): number | undefined {
  if (!name.startsWith(hostPrefix())) return undefined;
  const digits = ownerPattern.exec(name.slice(hostPrefix().length))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process may not be asked, and is there.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
