// What a user asked of a workflow about pausing, in its order: each pause is acted on, and lasts until the resume after it.
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { signalNames } from '../../src/experiment/name.ts';

export class PauseRequests {
  #last: 'pause' | 'resume' = 'resume';
  #pauses = 0;
  #resumes = 0;
  #actedOn = 0;

  /**
   * Follows the signals from now on.
   *
   * @param isPaused whether the experiment is paused already, so that a pause is pending.
   */
  constructor(isPaused: boolean) {
    if (isPaused) this.#ask('pause');
    setHandler(defineSignal(signalNames.pause), () => this.#ask('pause'));
    setHandler(defineSignal(signalNames.resume), () => this.#ask('resume'));
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

  /** A signal can come twice, but never after a later one. */
  #ask(action: 'pause' | 'resume'): void {
    if (action === this.#last) return;
    this.#last = action;
    if (action === 'pause') this.#pauses += 1;
    else this.#resumes += 1;
  }
}
