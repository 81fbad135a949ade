// A directory of this machine for one piece of work: large things are read from disk, and gone when it ends. Its name says
// whose it is, so that what a killed process has left is found.
import { createHash } from 'node:crypto';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../thrown.ts';
import type { Logger } from '../log.ts';
import { startOf } from '../machine/process-start.ts';

/** What follows the host in a name: the process, what its start comes to, and what makes the name unique. */
const ownerPattern = /^(\d+)-([0-9a-f]{8})-[A-Za-z0-9]{6}$/;

/** Whose a directory is. Numbers come again, after a restart of the machine or of a container the same ones. */
interface Owner {
  readonly processId: number;
  readonly startMark: string;
}

/** Makes an empty directory in the machine's temporary one. Who makes it removes it. */
export async function makeScratchDirectory(): Promise<string> {
  // Where the start cannot be told the name has no owner, and whoever looks leaves the directory alone.
  const startMark = startMarkOf(process.pid) ?? 'unknown';
  return mkdtemp(join(tmpdir(), `${hostPrefix()}${process.pid}-${startMark}-`));
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
 * Removes the directories of this host's processes that are gone, whoever has their number now.
 *
 * @returns how many were removed.
 * @throws the file system's fault.
 */
export async function removeAbandonedScratch(): Promise<number> {
  let removed = 0;
  for (const name of await readdir(tmpdir())) {
    const owner = ownerOf(name);
    if (owner === undefined || startMarkOf(owner.processId) === owner.startMark) continue;
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
function ownerOf(name: string): Owner | undefined {
  if (!name.startsWith(hostPrefix())) return undefined;
  const [, digits, startMark] = ownerPattern.exec(name.slice(hostPrefix().length)) ?? [];
  if (digits === undefined || startMark === undefined) return undefined;
  return { processId: Number(digits), startMark };
}

/** The start of a process, short enough for a name; `undefined` when there is no such process. */
function startMarkOf(processId: number): string | undefined {
  const start = startOf(processId);
  return start && createHash('sha256').update(start).digest('hex').slice(0, 8);
}
