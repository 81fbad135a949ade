// What an attempt at training has spent its time in, as its worker measures it.
import type { StepRecord } from '../../src/training/job.ts';
import type { AttemptTimes } from '../../src/waste/waste.ts';

/** Adds up the seconds of one attempt by what they were spent in. */
export class AttemptClock {
  #usefulSeconds = 0;
  #repeatedSeconds = 0;
  #checkpointSeconds = 0;
  #evaluationSeconds = 0;
  #recordedStep = 0;

  /** @param recordedStep the last step that was recorded before the attempt. */
  begin(recordedStep: number): void {
    this.#recordedStep = recordedStep;
  }

  /** Consecutive steps, all of which took `seconds`, each alike. */
  addSteps(steps: readonly StepRecord[], seconds: number): void {
    if (steps.length === 0) return;
    const repeated = steps.filter(({ step }) => step <= this.#recordedStep).length / steps.length;
    this.#repeatedSeconds += seconds * repeated;
    this.#usefulSeconds += seconds * (1 - repeated);
  }

  addCheckpoint(seconds: number): void {
    this.#checkpointSeconds += seconds;
  }

  addEvaluation(seconds: number): void {
    this.#evaluationSeconds += seconds;
  }

  get times(): AttemptTimes {
    return {
      usefulSeconds: this.#usefulSeconds,
      repeatedSeconds: this.#repeatedSeconds,
      checkpointSeconds: this.#checkpointSeconds,
      evaluationSeconds: this.#evaluationSeconds,
    };
  }
}
