// What a process wrote to its log before it ended: its last fatal line.
import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** A last line is looked for in so many bytes before the end of the log. */
const longestTailBytes = 64 * 1024;
const longestTextCharacters = 500;
/** pino's number for `fatal`. */
const fatalLevel = 60;

/** How much a log holds now; 0 where there is none. */
export function sizeOf(logFile: string): number {
  return statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * The message of the last fatal line in a log, with its cause; a line that is not JSON counts where it begins at the margin
 * and says `FATAL` or `error`. Neither lines before `fromByte` count, nor a log that cannot be read.
 */
export async function lastWords(logFile: string, fromByte: number): Promise<string | undefined> {
  const lines = (await tail(logFile, fromByte).catch(() => '')).split('\n').toReversed();
  const words = lines.map(fatalMessage).find((text) => text !== undefined);
  return words?.slice(0, longestTextCharacters);
}

function fatalMessage(line: string): string | undefined {
  if (!line.startsWith('{')) return /^\S.*\b(?:FATAL|error)\b/iu.test(line) ? line.trim() : undefined;
  try {
    // Any line of a log: what is not as it should be is none of a part's last words.
    const { level, msg, cause } = JSON.parse(line) as Record<string, unknown>;
    if (level !== fatalLevel || typeof msg !== 'string') return undefined;
    return typeof cause === 'string' ? `${msg} ${cause}` : msg;
  } catch {
    return undefined;
  }
}

async function tail(logFile: string, fromByte: number): Promise<string> {
  const file = await open(logFile);
  try {
    const { size } = await file.stat();
    // A log that holds less than before was emptied since.
    const start = Math.max(fromByte > size ? 0 : fromByte, size - longestTailBytes);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.max(0, size - start)), {
      position: start,
    });
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
}
