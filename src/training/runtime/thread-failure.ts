// How an error of a thread becomes a coded error: told by the thread itself in a message, or seen when the thread breaks.
import { CodedError, codedIfOutOfMemory, isOutOfMemory, type ErrorCode } from '../../error.ts';
import { messageOf } from '../../thrown.ts';

/** What a thread tells of an error: errors themselves lose their code on the way between threads. */
export interface ThreadFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The message of an error and of what caused it. */
function explain(error: unknown): string {
  if (!(error instanceof Error) || error.cause === undefined) return messageOf(error);
  return `${error.message} ${explain(error.cause)}`;
}

/**
 * Inside a thread: what it tells of something thrown. A coded error keeps its code and message, a failure to allocate is
 * `out_of_memory`, and everything else is `engine_failed` with its causes spelt out.
 */
export function failureOf(thrown: unknown): ThreadFailure {
  const error = codedIfOutOfMemory(thrown);
  if (error instanceof CodedError) return { code: error.code, message: error.message };
  return { code: 'engine_failed', message: explain(error) };
}

/** Outside the thread: the error that it told of. */
export function errorOf({ code, message }: ThreadFailure): CodedError {
  return new CodedError(code, message);
}

/**
 * Outside the thread: the error of a thread that broke without a word: `out_of_memory`, or else `engine_failed`.
 * @param thread its name at the beginning of a sentence.
 */
export function brokenThread(thread: string, cause: unknown): CodedError {
  const code = isOutOfMemory(cause) ? 'out_of_memory' : 'engine_failed';
  return new CodedError(code, `${thread} failed: ${messageOf(cause)}`, { cause });
}
