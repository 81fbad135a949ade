// What a user asked of a workflow about pausing, in its order: each pause is acted on, and lasts until the resume after it.
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { signalNames } from '../../src/experiment/name.ts';
import type { CountedPauses } from '../../src/experiment/workflow.ts';

/**
 * What a workflow starts with.
 *
 * @param isPaused whether the experiment is paused already, so that a pause is pending.
 * @param orderNumber of the order that started the workflow: orders before it were for the workflow before.
 */
export function pausesAtStart(isPaused: boolean, orderNumber = 0): CountedPauses {
  return { lastOrder: orderNumber, pauses: isPaused ? 1 : 0, resumes: 0, actedOn: 0 };
}

/** Takes the signals of pauses and resumes, in the order in which they were asked for, however late they come. */
export class PauseRequests {
  #lastOrder: number;
  #pauses: number;
  #resumes: number;
  #actedOn: number;

  /** Follows the signals from now on. */
  constructor({ lastOrder, pauses, resumes, actedOn }: CountedPauses) {
    this.#lastOrder = lastOrder;
    this.#pauses = pauses;
    this.#resumes = resumes;
    this.#actedOn = actedOn;
    for (const action of ['pause', 'resume'] as const)
      setHandler(defineSignal<[number?]>(signalNames[action]), (orderNumber) => {
        if (this.#isNext(orderNumber)) this.#ask(action);
      });
  }

  /** All that was asked for so far. */
  get counted(): CountedPauses {
    return {
      lastOrder: this.#lastOrder,
      pauses: this.#pauses,
      resumes: this.#resumes,
      actedOn: this.#actedOn,
    };
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

  /** The same once more changes nothing: a pause and a resume follow each other. */
  #ask(action: 'pause' | 'resume'): void {
    const isPauseLast = this.#pauses > this.#resumes;
    if (action === 'pause' && !isPauseLast) this.#pauses += 1;
    if (action === 'resume' && isPauseLast) this.#resumes += 1;
  }
}
