// Waiting for a condition, with an end.
import { setTimeout as delay } from 'node:timers/promises';

const pollMilliseconds = 50;

/**
 * Asks again and again until the answer is yes.
 *
 * @throws Error naming `what` when `timeoutSeconds` have passed; the signal's reason when it is aborted.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  options: { readonly timeoutSeconds: number; readonly what: string; readonly signal?: AbortSignal },
): Promise<void> {
  const end = performance.now() + options.timeoutSeconds * 1000;
  while (!(await condition())) {
    options.signal?.throwIfAborted();
    if (performance.now() > end)
      throw new Error(`${options.what} was not ready within ${options.timeoutSeconds} s`);
    await delay(pollMilliseconds);
  }
}

/** Whether something that is asked again until it succeeds has: why it did not is of no account. */
export function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}
