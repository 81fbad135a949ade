// Which rows of a split are taken: all, a share by their content, or at most so many. At most a bit is held per row.
import { createHash } from 'node:crypto';

const contentBits = 20;

/** Content falls into one of 2^20 places by its SHA-256: equal content into the same. */
export function contentPlace(content: string): number {
  return createHash('sha256').update(content).digest().readUIntBE(0, 3) >>> (24 - contentBits);
}

/** Counts content by its place, to tell below which place a share of it lies. */
export class ContentCensus {
  readonly #counts = new Uint32Array(2 ** contentBits);
  #total = 0;

  add(content: string): void {
    const place = contentPlace(content);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#total += 1;
  }

  /**
   * The place below which a share of the content lies, one piece at least where that splits nothing. What is in one place
   * stays together, so the share can be a little less.
   *
   * @param share between 0 and 1.
   */
  shareBelow(share: number): { readonly place: number; readonly below: number; readonly above: number } {
    const wanted = Math.max(1, Math.round(this.#total * share));
    let below = 0;
    for (const [place, count] of this.#counts.entries()) {
      if (below + count > wanted) return { place, below, above: this.#total - below };
      below += count;
    }
    return { place: this.#counts.length, below, above: 0 };
  }
}

const keyBits = 32;
const bucketBits = 16;
const keysADigest = 8;

/** For each row a random number of 32 bits: eight rows share a SHA-256. */
function* randomKeys(count: number, seed: number): Generator<number> {
  for (let first = 0; first < count; first += keysADigest) {
    const digest = createHash('sha256').update(`${seed}:${first}`).digest();
    const last = Math.min(keysADigest, count - first);
    for (let key = 0; key < last; key += 1) yield digest.readUInt32BE((key * keyBits) / 8);
  }
}

/**
 * Chooses at most `maximum` of `count` rows: the first ones, or with `seed` a random subset, which comes in the order of the
 * file too. A smaller maximum chooses a part of what a greater one chooses.
 */
export function chooseRows(
  count: number,
  maximum: number | undefined,
  seed: number | undefined,
): (row: number) => boolean {
  if (maximum === undefined || maximum >= count) return () => true;
  if (seed === undefined) return (row) => row < maximum;
  const chosen = lowestKeys(count, maximum, seed);
  return (row) => (((chosen[row >>> 3] ?? 0) >>> (row & 7)) & 1) === 1;
}

/** A bit a row: those of the lowest keys by their first 16 bits, and the earliest of those whose bits are the last that fit. */
function lowestKeys(count: number, maximum: number, seed: number): Uint8Array {
  const bucketOf = (key: number): number => key >>> (keyBits - bucketBits);
  const counts = new Uint32Array(2 ** bucketBits);
  for (const key of randomKeys(count, seed)) counts[bucketOf(key)] = (counts[bucketOf(key)] ?? 0) + 1;
  let limit = 0;
  let below = 0;
  for (; below + (counts[limit] ?? 0) < maximum; limit += 1) below += counts[limit] ?? 0;
  const chosen = new Uint8Array(Math.ceil(count / 8));
  const choose = (row: number): void => {
    chosen[row >>> 3] = (chosen[row >>> 3] ?? 0) | (1 << (row & 7));
  };
  let open = maximum - below;
  let row = 0;
  for (const key of randomKeys(count, seed)) {
    if (bucketOf(key) < limit) choose(row);
    else if (bucketOf(key) === limit && open > 0) {
      choose(row);
      open -= 1;
    }
    row += 1;
  }
  return chosen;
}
