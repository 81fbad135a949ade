// The logger: one JSON line an event on standard error, so that standard output stays for what a user asked for.
import { destination, pino, stdTimeFunctions, type Logger } from 'pino';

export type { Logger };

/** A logger whose lines carry the name of the process part that writes them. */
export function createLogger(part: string, level: string): Logger {
  const lines = destination({ dest: 2, sync: true });
  // What cannot be written now, on a disk that is full, is written with what comes later, and must not fail what is told of.
  lines.on('error', () => undefined);
  return pino({ level, base: { part }, timestamp: stdTimeFunctions.isoTime }, lines);
}
