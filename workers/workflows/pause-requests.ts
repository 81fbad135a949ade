// What a user asked of a workflow about pausing, in its order: each pause is acted on, and lasts until the resume after it.
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { signalNames } from '../../src/experiment/name.ts';

export class PauseRequests {
  #last: 'pause' | 'resume' = 'resume';
  #lastOrder: number;
  #pauses = 0;
  #resumes = 0;
  #actedOn = 0;

  /**
   * Follows the signals from now on.
   *
   * @param isPaused whether the experiment is paused already, so that a pause is pending.
   * @param orderNumber of the order that started the workflow: orders before it were for the workflow before.
   */
  constructor(isPaused: boolean, orderNumber = 0) {
    this.#lastOrder = orderNumber;
    if (isPaused) this.#ask('pause');
    for (const action of ['pause', 'resume'] as const)
      setHandler(defineSignal<[number?]>(signalNames[action]), (orderNumber) => {
        if (this.#isNext(orderNumber)) this.#ask(action);
      });
  }

  /** Whether there is a pause that was not acted on. */
  get isPending(): boolean {
    return this.#pauses > this.#actedOn;
  }

  /** Acts on the pause that is pending: resolves with the resume that followed it, or follows. */
  async untilResumed(): Promise<void> {
    this.#actedOn += 1;
    await condition(() => this.#resumes >= this.#actedOn);
  }

  /**
   * Numbers of orders only grow: one that is not above the last is that order again, or a late delivery of an order before it. A
   * signal without one, of a process of version 0.2 or before, is taken as it comes.
   */
  #isNext(orderNumber: number | undefined): boolean {
    if (typeof orderNumber !== 'number') return true;
    if (orderNumber <= this.#lastOrder) return false;
    this.#lastOrder = orderNumber;
    return true;
  }

  /** The same once more changes nothing. */
  #ask(action: 'pause' | 'resume'): void {
    if (action === this.#last) return;
    this.#last = action;
    if (action === 'pause') this.#pauses += 1;
    else this.#resumes += 1;
  }
}
