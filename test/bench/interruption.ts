// A measurement that is interrupted still stops what it started.

/**
 * To be called before anything is started, and raced against the work.
 *
 * @throws Error naming the signal, after SIGINT or SIGTERM.
 */
export function interruption(): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    // More signals than one may come, as from a terminal and from npm: none of them ends the process midway.
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => reject(new Error(`stopped by ${signal}`)));
  });
  // It may come before anybody waits for it.
  interrupted.catch(() => undefined);
  return interrupted;
}
