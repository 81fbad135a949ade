// Watches attempts while a campaign runs: what was said of one that has ended must stay as it is.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../openapi/client.ts';
import { attemptsOf } from '../journeys/example-experiment.ts';

const pollMilliseconds = 1000;

export class AttemptWatch {
  readonly problems = new Set<string>();
  readonly #client: Client;
  readonly #ended = new Map<string, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Looks again and again until `signal` is aborted. */
  async watch(id: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(id).catch(() => undefined); // The service is away: the next look sees the same.
      await delay(pollMilliseconds, undefined, { signal }).catch(() => undefined);
    }
  }

  async look(id: string): Promise<void> {
    for (const attempt of await attemptsOf(this.#client, id)) {
      if (attempt.endedAt === null) continue;
      const name = `${id}, attempt ${attempt.lease}`;
      const now = JSON.stringify([attempt.cause, attempt.stepsDone, attempt.stepsRepeated]);
      const before = this.#ended.get(name);
      if (before !== undefined && before !== now)
        this.problems.add(`${name} was written to after its end: ${before} became ${now}`);
      this.#ended.set(name, now);
    }
  }
}
