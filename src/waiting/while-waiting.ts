// Signs of life while something is waited for that tells nothing of its progress, and has an end of its own.

/** Between two signs of life, unless told otherwise. */
const usualIntervalSeconds = 2;

/**
 * Tells of life by the clock. Only for waits that cannot last for ever: what hangs would look alive.
 *
 * @param onProgress what it throws is left to the work, which is told to end by its signal, and says so.
 */
export async function whileWaiting<Result>(
  onProgress: () => void,
  work: Promise<Result>,
  intervalSeconds = usualIntervalSeconds,
): Promise<Result> {
  const timer = setInterval(() => {
    try {
      onProgress();
    } catch {
      // As is said above.
    }
  }, intervalSeconds * 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
