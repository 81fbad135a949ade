// What a user sees of an experiment in training: the steps of its ledger, by the long poll, with the time each answer came.
import type { Client } from '../../../openapi/client.ts';

/** One answer that told of steps. */
export interface Sighting {
  /** By a clock that only counts up. */
  readonly atSeconds: number;
  /** The last step that was recorded; after a fault it is behind the last that had been. */
  readonly step: number;
  /** The step of the latest checkpoint; 0 before the first. */
  readonly checkpointStep: number;
}

export const nowSeconds = (): number => performance.now() / 1000;

/** Follows an experiment until it is told to stop, or the experiment ends. */
export class Sightings {
  readonly all: Sighting[] = [];
  readonly #watching: Promise<void>;
  #isOver = false;
  #waiting: (() => void)[] = [];

  constructor(client: Client, id: string) {
    this.#watching = client
      .waitForExperiment(
        id,
        () => this.#isOver,
        ({ progress, latestCheckpoint }) => {
          const step = progress?.step ?? 0;
          const checkpointStep = latestCheckpoint?.step ?? 0;
          const last = this.all.at(-1);
          if (last?.step === step && last.checkpointStep === checkpointStep) return;
          this.all.push({ atSeconds: nowSeconds(), step, checkpointStep });
          for (const wake of this.#waiting.splice(0)) wake();
        },
      )
      .then(({ state, error }) => {
        if (!this.#isOver) throw new Error(`training ended as ${state}: ${JSON.stringify(error)}`);
      });
    // Whoever waits for a sighting hears of it.
    this.#watching.catch(() => undefined);
  }

  /** @returns the first sighting from a place in the list on that fits; waits for it where there is none yet. */
  async first(fits: (sighting: Sighting) => boolean, from = 0): Promise<Sighting> {
    for (;;) {
      const found = this.all.slice(from).find(fits);
      if (found !== undefined) return found;
      await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), this.#watching]);
    }
  }

  /** To be called before the experiment is cancelled. */
  stop(): void {
    this.#isOver = true;
  }
}
