// What users do while a campaign runs: they submit, pause and resume, fork and cancel.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Dataset, Experiment } from '../../openapi/client.ts';
import type { AttemptWatch } from './attempt-watch.ts';
import type { Outcome } from './outcome.ts';
import { isRefusedByState, type Persistence } from './persistence.ts';
import { submissionOf, type Recipe } from './recipes.ts';

/** What is done to an experiment on its way. */
export const journeys = [
  'undisturbed',
  'paused',
  'undisturbed',
  'forked',
  'undisturbed',
  'cancelled',
] as const;
export type Journey = (typeof journeys)[number];

export interface Accepted {
  readonly id: string;
  readonly recipe: string;
  readonly journey: Journey | 'fork';
  readonly endsAs: readonly string[];
  readonly twin: Outcome;
}

const pauseMilliseconds = 2000;

export class Traffic {
  readonly accepted: Accepted[] = [];
  readonly #client: Client;
  readonly #dataset: Dataset;
  readonly #persistence: Persistence;
  readonly #watch: AttemptWatch;

  constructor(client: Client, dataset: Dataset, persistence: Persistence, watch: AttemptWatch) {
    this.#client = client;
    this.#dataset = dataset;
    this.#persistence = persistence;
    this.#watch = watch;
  }

  /**
   * Submits one experiment under a key and follows it, and its fork, to the end.
   *
   * @param share of its twin's steps after which the user acts.
   */
  async follow(recipe: Recipe, twin: Outcome, journey: Journey, key: string, share: number): Promise<void> {
    const submission = submissionOf(recipe, this.#dataset);
    const { id } = await this.#insist(() => this.#client.submit(submission, key));
    const endsAs = journey === 'cancelled' ? ['cancelled', 'succeeded'] : ['succeeded'];
    this.accepted.push({ id, recipe: recipe.name, journey, endsAs, twin });
    const ended = new AbortController();
    const watching = this.#watch.watch(id, ended.signal);
    try {
      const forkId = await this.#act(id, twin, journey, key, share);
      if (forkId !== undefined) {
        this.accepted.push({ id: forkId, recipe: recipe.name, journey: 'fork', endsAs: ['succeeded'], twin });
        await this.#reach(forkId, () => false);
      }
      await this.#reach(id, () => false);
    } finally {
      ended.abort();
      await watching;
    }
  }

  /** @returns the id of the fork that was made. */
  async #act(
    id: string,
    { ledger }: Outcome,
    journey: Journey,
    key: string,
    share: number,
  ): Promise<string | undefined> {
    if (journey === 'undisturbed') return undefined;
    const atStep = Math.max(1, Math.floor(ledger.length * share));
    const reached = await this.#reach(id, ({ progress }) => (progress?.step ?? 0) >= atStep);
    const { step = 0 } = reached.progress ?? {};
    if (journey === 'forked') {
      if (step < 1) return undefined;
      return (
        await this.#insist(() => this.#client.fork(id, { step: Math.min(step, atStep) }, `${key}-fork`))
      ).id;
    }
    try {
      if (journey === 'cancelled') await this.#insist(() => this.#client.cancel(id));
      else {
        await this.#insist(() => this.#client.pause(id));
        await this.#reach(id, ({ state }) => state === 'paused');
        await delay(pauseMilliseconds); // A user thinks; also a worker that was freed takes other work.
        await this.#insist(() => this.#client.resume(id));
      }
    } catch (error) {
      // It had ended before it could be paused or cancelled.
      if (!isRefusedByState(error)) throw error;
    }
    return undefined;
  }

  async #reach(id: string, condition: (experiment: Experiment) => boolean): Promise<Experiment> {
    return this.#insist(() => this.#client.waitForExperiment(id, condition));
  }

  #insist<T>(action: () => Promise<T>): Promise<T> {
    return this.#persistence.insist(action);
  }
}
