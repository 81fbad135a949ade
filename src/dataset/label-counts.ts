// How often each class occurs in a split: what balanced weights are made of, and whether there is anything to tell apart.
import type { LabelScheme } from './labels.ts';

/** Counts classes as examples pass by; for a regression there are none. */
export class LabelCounts {
  readonly #scheme: LabelScheme;
  readonly #counts: number[];

  constructor(scheme: LabelScheme) {
    this.#scheme = scheme;
    this.#counts = scheme.names.map(() => 0);
  }

  /** @param targets of one example, as an example table has them. */
  add(targets: Int32Array): void {
    if (this.#scheme.task === 'regression') return;
    if (this.#scheme.task === 'multiLabel') {
      // The bits of the float32 zero are those of the integer.
      for (const [label, bits] of targets.entries()) if (bits !== 0) this.#count(label);
    } else {
      for (const label of targets) this.#count(label);
    }
  }

  /** By class: rows; of a multi-label task the rows that have it; of words the tokens that carry it. */
  get values(): readonly number[] {
    return this.#counts;
  }

  #count(label: number): void {
    const count = this.#counts[label];
    if (count !== undefined) this.#counts[label] = count + 1;
  }
}
