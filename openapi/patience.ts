// What the client does while the service is away, during a restart for instance: it tries again, for a bounded time.
import { setTimeout as delay } from 'node:timers/promises';
import { ProblemError } from './problem-error.ts';

const retryMilliseconds = 500;
/** How long the service may be away. */
const patienceSeconds = 60;

/** How long the client goes on trying. One for all its calls: any answer starts it anew. */
export class Patience {
  #lastAnswer = Date.now();

  /** The service is there: patience starts anew. */
  answered(): void {
    this.#lastAnswer = Date.now();
  }

  /**
   * Resolves when it is time to try again.
   *
   * @throws the error itself when it does not say that the service is away, or when that has lasted too long; the reason
   * of `signal` when that is aborted.
   */
  async tryAgainAfter(error: unknown, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const hasLasted = Date.now() - this.#lastAnswer >= patienceSeconds * 1000;
    if (hasLasted || !isAway(error)) throw error;
    await this.pause(signal);
  }

  /** The time between two tries. @throws the reason of `signal` when that is aborted. */
  async pause(signal?: AbortSignal): Promise<void> {
    // The timer's own fault names neither the reason nor its type.
    await delay(retryMilliseconds, undefined, { ...(signal && { signal }) }).catch(() => undefined);
    signal?.throwIfAborted();
  }
}

/** `fetch` reports a connection that fails or breaks off as a TypeError (Fetch Standard, section 5.6). */
function isAway(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof ProblemError && error.status === 503);
}
