// A gateway whose calls can be waited for: the Temporal client throws out of a timer when its connection is closed under a
// call that it is about to try again.
import type { ExperimentReference, PredictionInput } from '../experiment/activity.ts';
import type { PredictionItem } from '../experiment/prediction.ts';
import type { ExperimentAudit } from '../experiment/replay.ts';
import type { QueueDescription, TemporalGateway } from './gateway.ts';

/** The gateway that it is given, of which it remembers the calls under way. */
export class SettlingGateway implements TemporalGateway {
  readonly #gateway: TemporalGateway;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(gateway: TemporalGateway) {
    this.#gateway = gateway;
  }

  check(): Promise<void> {
    return this.#track(this.#gateway.check());
  }

  queues(): Promise<readonly QueueDescription[]> {
    return this.#track(this.#gateway.queues());
  }

  predict(input: PredictionInput, signal: AbortSignal): Promise<readonly PredictionItem[]> {
    return this.#track(this.#gateway.predict(input, signal));
  }

  audit(experiment: ExperimentReference, signal: AbortSignal): Promise<ExperimentAudit> {
    return this.#track(this.#gateway.audit(experiment, signal));
  }

  /** Resolves when no call is under way; each has a deadline of its own. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  async #track<T>(call: Promise<T>): Promise<T> {
    this.#pending.add(call);
    try {
      return await call;
    } finally {
      this.#pending.delete(call);
    }
  }
}
