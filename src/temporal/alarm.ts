// Waiting that something else may end early.

/** A wait that a ring ends; a ring while nobody waits ends the next wait at once. */
export class Alarm {
  #rung = false;
  #wake: (() => void) | undefined;

  /** Ends the wait of whoever waits, or the next one. */
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Waits so long, or until it rings. */
  async wait(seconds: number): Promise<void> {
    if (!this.#rung)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#wake = undefined;
    this.#rung = false;
  }
}
