// A binary heap of numbers, the least first.

/** Numbers of which the least is taken first, in logarithmic time. */
export class NumberHeap {
  readonly #values: number[] = [];

  push(value: number): void {
    const values = this.#values;
    let place = values.length;
    values.push(value);
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = values[parentPlace];
      if (parent === undefined || parent <= value) break;
      values[place] = parent;
      place = parentPlace;
    }
    values[place] = value;
  }

  /** Takes the least value out. */
  pop(): number | undefined {
    const values = this.#values;
    const least = values[0];
    const last = values.pop();
    if (last === undefined || values.length === 0) return least;
    let place = 0;
    for (;;) {
      const leftPlace = 2 * place + 1;
      const left = values[leftPlace] ?? Infinity;
      const right = values[leftPlace + 1] ?? Infinity;
      const child = Math.min(left, right);
      if (last <= child) break;
      values[place] = child;
      place = right < left ? leftPlace + 1 : leftPlace;
    }
    values[place] = last;
    return least;
  }
}
