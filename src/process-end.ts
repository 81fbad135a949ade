// How a process that cannot start, or cannot go on, says why as it ends.
import { CodedError, errorDefinitions } from './error.ts';
import { messageOf, reasonOf } from './thrown.ts';
import type { Logger } from './log.ts';

/** What went wrong and what to do about it, in one line for a terminal. */
export function reasonLine(error: unknown): string {
  if (!(error instanceof CodedError)) return messageOf(error);
  return `${error.message} ${errorDefinitions[error.code].remedy}`;
}

/** Checks what a process is told at its start, before it has a log: what is refused ends the process, with one plain line. */
export async function orRefuse<T>(check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    process.stderr.write(`${reasonLine(error)}\n`);
    process.exit(1);
  }
}

/**
 * Ends the process with a last line in its log. A coded error says what happened without its stack. What was opened before the
 * fault would otherwise keep half a process alive, which nobody would start again.
 */
export function endFatally(log: Logger, error: unknown): never {
  if (error instanceof CodedError) {
    const { code, cause, message } = error;
    log.fatal({ code, ...(cause !== undefined && { cause: reasonOf(cause) }) }, message);
  } else {
    log.fatal({ err: error }, messageOf(error));
  }
  process.exit(1);
}
