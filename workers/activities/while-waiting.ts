// Signs of life while something is waited for that tells nothing of its progress, and has an end of its own.

/** Between two signs of life. */
const heartbeatIntervalMilliseconds = 2_000;

/**
 * Heartbeats by the clock. Only for waits that cannot last for ever: what hangs would look alive.
 *
 * @param onProgress what it throws is left to the work, which is told to end by its signal, and says so.
 */
export async function whileWaiting<Result>(onProgress: () => void, work: Promise<Result>): Promise<Result> {
  const timer = setInterval(() => {
    try {
      onProgress();
    } catch {
      // The work itself is told to end by its signal, and says so.
    }
  }, heartbeatIntervalMilliseconds);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
