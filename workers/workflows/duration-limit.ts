// The longest that an experiment may take, as a durable timer that stands still during pauses.
import { condition } from '@temporalio/workflow';

/** Counts down the time of one experiment, as a workflow's timers do: the same in every replay. */
export class DurationLimit {
  #leftMilliseconds: number;
  /** While time is counted: from when on. */
  #from: number | undefined;

  constructor(seconds: number) {
    this.#leftMilliseconds = seconds * 1000;
  }

  /** What is left now, seconds. */
  get leftSeconds(): number {
    return this.#left() / 1000;
  }

  /**
   * Waits until so much time has passed outside of pauses, then calls `end`.
   *
   * @param isPaused is looked at whenever something happens to the workflow.
   * @throws CancelledFailure when the workflow is cancelled.
   */
  async whenOver(isPaused: () => boolean, end: () => void): Promise<void> {
    while (this.#leftMilliseconds > 0) {
      await condition(() => !isPaused());
      this.#from = Date.now();
      await condition(isPaused, this.#leftMilliseconds);
      this.#leftMilliseconds = this.#left();
      this.#from = undefined;
    }
    end();
  }

  #left(): number {
    return this.#leftMilliseconds - (this.#from === undefined ? 0 : Date.now() - this.#from);
  }
}
