// Calls to Temporal have an end: a server that takes a call and says nothing would hold its caller for ever.

/** A client or a connection of Temporal's SDK. */
interface DeadlineSetter {
  withDeadline<T>(deadline: number, call: () => Promise<T>): Promise<T>;
}

/**
 * Runs calls to Temporal that end, all together, within a time.
 *
 * @throws what `call` throws; at the end of the time an error of the SDK, `DEADLINE_EXCEEDED`.
 */
export function callWithin<T>(temporal: DeadlineSetter, seconds: number, call: () => Promise<T>): Promise<T> {
  return temporal.withDeadline(Date.now() + seconds * 1000, call);
}
