// A measurement that is interrupted still stops what it started.

/**
 * Works until done, or until SIGINT or SIGTERM.
 *
 * @throws what the work throws; an Error naming the signal, while the work may go on.
 */
export async function untilSignal<T>(work: Promise<T>): Promise<T> {
  const stopped = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
  });
  return Promise.race([work, stopped]);
}
