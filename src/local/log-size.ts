// Keeps the logs of the parts from growing without end.
import { copyFile, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../thrown.ts';

const mostLogBytes = 64 * 1024 * 1024;
const lookSeconds = 60;

/**
 * Empties each `.log` of a directory that holds more than `mostLogBytes`; what it held is kept beside it, as `.log.1`, until the next
 * time. The parts go on writing to the file that they have open, at its end; a line that is written just then may be lost.
 */
export async function shortenLogs(directory: string, mostBytes = mostLogBytes): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!name.endsWith('.log') || (await stat(path)).size <= mostBytes) continue;
    await copyFile(path, `${path}.1`);
    await truncate(path);
  }
}

/**
 * Shortens the logs now and then.
 *
 * @param tell is told of what keeps it from that, such as a full disk; it is tried again.
 * @returns how to end this.
 */
export function keepLogsShort(directory: string, tell: (line: string) => void): () => void {
  const timer = setInterval(() => {
    shortenLogs(directory).catch((error: unknown) =>
      tell(`The logs in ${directory} were not shortened: ${messageOf(error)}`),
    );
  }, lookSeconds * 1000);
  timer.unref();
  return () => clearInterval(timer);
}
