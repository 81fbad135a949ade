// What the experiments of a side cost in processor time, by process.
import { setTimeout as delay } from 'node:timers/promises';
import { processorSeconds, spentBetween } from './processor-time.ts';
import type { Side } from './sides.ts';

/** Histories are stored a second after an experiment has ended: that is over by then, and counts to it. */
const settleSeconds = 5;

export class Account {
  readonly #names: ReadonlyMap<number, string>;
  readonly #seconds = new Map<string, number>();
  #experiments = 0;

  /** @param names of processes, by their ids. */
  constructor(names: ReadonlyMap<number, string>) {
    this.#names = names;
  }

  /** @returns the side, whose cost is added up; nothing else may run meanwhile. @param experiments that it runs at once. */
  of(side: Side, experiments: number): Side {
    return async () => {
      const before = processorSeconds(this.#names);
      const seconds = await side();
      await delay(settleSeconds * 1000);
      for (const [name, spent] of spentBetween(before, processorSeconds(this.#names)))
        this.#seconds.set(name, (this.#seconds.get(name) ?? 0) + spent);
      this.#experiments += experiments;
      return seconds;
    };
  }

  /** Milliseconds an experiment, the dearest process first; those that cost next to nothing are left out. */
  millisecondsEach(): Readonly<Record<string, number>> {
    const each = [...this.#seconds].map(([name, seconds]): [string, number] => [
      name,
      Math.round((1000 * seconds) / this.#experiments),
    ]);
    return Object.fromEntries(each.filter(([, spent]) => spent > 0).toSorted(([, a], [, b]) => b - a));
  }
}
