// The logger: one JSON line an event on standard error, so that standard output stays for what a user asked for.
import { destination, pino, stdTimeFunctions, type Logger } from 'pino';

export type { Logger };

/** A logger whose lines carry the name of the process part that writes them. */
export function createLogger(part: string, level: string): Logger {
  return pino(
    { level, base: { part }, timestamp: stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  );
}
