// Writes finished steps into the ledger, several at a time, and keeps the experiment's progress fresh.
import type { ExperimentProgress } from '../../src/database/experiment-record.ts';
import type { LedgerRepository } from '../../src/database/ledger-repository.ts';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import { floatOfBits } from '../../src/experiment/ledger-step.ts';
import { extendLedgerHash, type LedgerPosition } from '../../src/storage/ledger-hash.ts';
import type { StepRecord } from '../../src/training/job.ts';
import type { AttemptTimes } from '../../src/waste/waste.ts';
import { throughOutage, type OutagePatience } from './database-outage.ts';

/** Readers see a step at most about this long after it was done. */
const writeIntervalMilliseconds = 500;
/** A write holds at most this many steps, so that none takes long. */
const maximumStepsAWrite = 2000;
/** Speed is that of the steps since about this long. */
const speedWindowSeconds = 10;

/** Records the steps of one attempt, under its lease. It knows how far the ledger and its hash are. */
export class StepRecorder {
  readonly #ledger: Pick<LedgerRepository, 'recordSteps'>;
  readonly #holder: LeaseHolder;
  readonly #totalSteps: number;
  readonly #stepsAnEpoch: number;
  readonly #patience: OutagePatience;
  readonly #times: () => AttemptTimes;
  #position: LedgerPosition;
  #unwritten: StepRecord[] = [];
  /** The first steps are written at once. */
  #lastWrite = -Infinity;
  #recent: { tokens: number; steps: number; seconds: number }[] = [];

  constructor(parts: {
    readonly ledger: Pick<LedgerRepository, 'recordSteps'>;
    readonly holder: LeaseHolder;
    readonly totalSteps: number;
    readonly stepsAnEpoch: number;
    readonly start: LedgerPosition;
    readonly patience: OutagePatience;
    /** What the attempt has spent its time in so far. */
    readonly times: () => AttemptTimes;
  }) {
    this.#ledger = parts.ledger;
    this.#holder = parts.holder;
    this.#totalSteps = parts.totalSteps;
    this.#stepsAnEpoch = parts.stepsAnEpoch;
    this.#position = parts.start;
    this.#patience = parts.patience;
    this.#times = parts.times;
  }

  /** Steps recorded or waiting to be, and their running hash. */
  get position(): LedgerPosition {
    return this.#position;
  }

  /** Takes the steps of one run of the engine, which took `seconds`. */
  async add(steps: readonly StepRecord[], seconds: number): Promise<void> {
    this.#position = {
      steps: this.#position.steps + steps.length,
      sha256: extendLedgerHash(this.#position.sha256, steps),
    };
    this.#unwritten.push(...steps);
    this.#recent.push({
      tokens: steps.reduce((sum, { tokens }) => sum + tokens, 0),
      steps: steps.length,
      seconds,
    });
    // The next steps come about as late as these did: what would then be too old is written now.
    const untilNext = seconds * 1000;
    if (performance.now() - this.#lastWrite + untilNext >= writeIntervalMilliseconds) await this.flush();
  }

  /**
   * Writes what is not written yet. A checkpoint may follow only then.
   *
   * @throws CodedError `lease_lost`; `divergence` when a repeated step gave other bits than before;
   * `database_unavailable`.
   */
  async flush(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const steps = this.#unwritten.slice(0, maximumStepsAWrite);
      const last = steps.at(-1);
      if (last === undefined) return;
      const progress = this.#progressAt(last);
      const times = this.#times();
      await throughOutage(this.#patience, () =>
        this.#ledger.recordSteps(this.#holder, { steps, progress, times }),
      );
      this.#unwritten = this.#unwritten.slice(steps.length);
      this.#lastWrite = performance.now();
    }
  }

  #progressAt(last: StepRecord): ExperimentProgress {
    const { tokens, steps, seconds } = this.#speed();
    const known = seconds > 0 && steps > 0;
    return {
      step: last.step,
      totalSteps: this.#totalSteps,
      epoch: last.step / this.#stepsAnEpoch,
      loss: floatOfBits(last.lossBits),
      learningRate: last.learningRate,
      tokensPerSecond: known ? tokens / seconds : null,
      etaSeconds: known ? ((this.#totalSteps - last.step) * seconds) / steps : null,
    };
  }

  #speed(): { tokens: number; steps: number; seconds: number } {
    const total = { tokens: 0, steps: 0, seconds: 0 };
    let first = this.#recent.length;
    while (first > 0 && total.seconds < speedWindowSeconds) {
      first -= 1;
      const run = this.#recent[first];
      if (run === undefined) break;
      total.tokens += run.tokens;
      total.steps += run.steps;
      total.seconds += run.seconds;
    }
    this.#recent = this.#recent.slice(first);
    return total;
  }
}
