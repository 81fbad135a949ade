// A queue between one writer that never waits and one reader that iterates.

/** Iterable once. Leaving the iteration early calls `onLeave`. */
export class EventQueue<Event> implements AsyncIterable<Event> {
  readonly #waiting: Event[] = [];
  readonly #onTake: (event: Event) => void;
  readonly #onLeave: () => Promise<void>;
  #failure: Error | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(onTake: (event: Event) => void, onLeave: () => Promise<void>) {
    this.#onTake = onTake;
    this.#onLeave = onLeave;
  }

  /** Adds an event for the reader; never waits. */
  push(event: Event): void {
    this.#waiting.push(event);
    this.#wake?.();
  }

  /** No event follows; the reader is told the failure, if there is one, after all events. */
  close(failure?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure = failure;
    this.#wake?.();
  }

  /** All events in their order, from the first that was not taken yet. @throws the failure that `close` was told */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    try {
      for (;;) {
        const event = this.#waiting.shift();
        if (event !== undefined) {
          this.#onTake(event);
          yield event;
        } else if (this.#closed) {
          if (this.#failure !== undefined) throw this.#failure;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      await this.#onLeave();
    }
  }
}
