// Work that takes turns: only so much of it at a time. The rest waits in the order in which it came, so that a crowd is served
// late instead of refused.
import type { CodedError } from '../error.ts';

export interface TurnLimits {
  readonly atOnce: number;
  /** The longest that work waits for its turn, in a crowd that moves. */
  readonly waitSeconds: number;
  /** The longest that work waits while no turn ends: then the server does not answer. */
  readonly standstillSeconds: number;
  /** What work ends with whose turn does not come. */
  readonly refusal: () => CodedError;
}

/** Turns at something that bears only so much at a time. First come, first served. */
export class Turns {
  readonly #limits: TurnLimits;
  /** What begins the turn of each that waits, in their order. */
  readonly #waiting = new Set<() => void>();
  #free: number;
  /** By the clock of `performance.now`, milliseconds. */
  #lastEnd = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
    this.#free = limits.atOnce;
  }

  /**
   * Works when it is its turn.
   *
   * @param signal ends the wait; what has begun goes on.
   * @throws the refusal when its turn does not come in time; the signal's reason; what the work throws.
   */
  async take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#lastEnd = performance.now();
      this.#passOn();
    }
  }

  #passOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next();
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    const { waitSeconds, standstillSeconds, refusal } = this.#limits;
    const begin = performance.now();
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const leave = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(take);
        signal?.removeEventListener('abort', abort);
      };
      const take = (): void => {
        leave();
        resolve();
      };
      const abort = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const look = (): void => {
        const standstillEnd = Math.max(begin, this.#lastEnd) + standstillSeconds * 1000;
        const left = Math.min(standstillEnd, begin + waitSeconds * 1000) - performance.now();
        if (left > 0) {
          timer = setTimeout(look, left);
          return;
        }
        leave();
        reject(refusal());
      };
      signal?.addEventListener('abort', abort);
      this.#waiting.add(take);
      look();
    });
  }
}
