// What can be told of anything that was thrown, whoever threw it.

/** Whether an error is the operating system's with a code such as `ENOENT` (errno(3)). */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What happened, with what caused it: the messages of an error and of its causes, none twice. */
export function reasonOf(error: unknown): string {
  // Of several addresses none answered: Node leaves the message empty.
  const own =
    error instanceof AggregateError && error.message === ''
      ? error.errors.map(messageOf).join('; ')
      : messageOf(error);
  if (!(error instanceof Error) || error.cause === undefined) return own;
  const cause = reasonOf(error.cause);
  return own.includes(cause) ? own : `${own.replace(/\.$/u, '')}: ${cause}`;
}
