// The use of byte-pair encoding: of all neighbours that can be merged, those whose merge was learned first, over and over.
import { NumberHeap } from './number-heap.ts';

/** Keys of pairs and of places in the heap are made of two numbers; both stay below 2^53. */
const idsInKey = 2 ** 20;
const placesInKey = 2 ** 32;

/** Which pairs of tokens become one, and in which order. */
export class MergeTable {
  readonly #ranks = new Map<number, number>();
  readonly #merged: readonly number[];

  /** @param merges in their order, of ids below 2^20. */
  constructor(merges: readonly { readonly left: number; readonly right: number; readonly merged: number }[]) {
    this.#merged = merges.map(({ merged }) => merged);
    for (const [rank, { left, right }] of merges.entries()) this.#ranks.set(left * idsInKey + right, rank);
  }

  /** The place of the merge in the order of learning; `undefined` where the pair is not merged. */
  rank(left: number, right: number): number | undefined {
    return this.#ranks.get(left * idsInKey + right);
  }

  /** The token that a merge makes. */
  merged(rank: number): number {
    const id = this.#merged[rank];
    if (id === undefined) throw new RangeError(`There is no merge ${rank}.`);
    return id;
  }
}

/**
 * Merges neighbours until none can be (Sennrich et al. 2016, arXiv:1508.07909): the pair of the lowest rank first, and of
 * equal pairs the leftmost. Takes n log n time.
 */
export function mergeNeighbours(tokens: readonly number[], table: MergeTable): readonly number[] {
  if (tokens.length < 2) return tokens;
  const chain = new TokenChain(tokens);
  const candidates = new NumberHeap();
  const consider = (place: number): void => {
    const rank = chain.rank(place, table);
    if (rank !== undefined) candidates.push(rank * placesInKey + place);
  };
  for (const place of tokens.keys()) consider(place);
  for (let best = candidates.pop(); best !== undefined; best = candidates.pop()) {
    const place = best % placesInKey;
    const rank = (best - place) / placesInKey;
    // What was a candidate once may have been merged away since.
    if (chain.rank(place, table) !== rank) continue;
    chain.merge(place, table.merged(rank));
    consider(place);
    const previous = chain.before(place);
    if (previous >= 0) consider(previous);
  }
  return chain.tokens();
}

/** Tokens linked to their neighbours, so that two become one without the others moving. */
class TokenChain {
  readonly #ids: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor(tokens: readonly number[]) {
    this.#ids = Int32Array.from(tokens);
    this.#next = Int32Array.from(tokens, (_, place) => place + 1);
    this.#previous = Int32Array.from(tokens, (_, place) => place - 1);
  }

  /** The rank of the pair that begins at a place, if one still does. */
  rank(place: number, table: MergeTable): number | undefined {
    const left = this.#ids[place] ?? -1;
    const right = this.#ids[this.#next[place] ?? -1] ?? -1;
    return left < 0 || right < 0 ? undefined : table.rank(left, right);
  }

  /** The place of the token before, -1 at the beginning. */
  before(place: number): number {
    return this.#previous[place] ?? -1;
  }

  merge(place: number, id: number): void {
    const taken = this.#next[place] ?? place;
    const after = this.#next[taken] ?? taken;
    this.#ids[place] = id;
    this.#ids[taken] = -1;
    this.#next[place] = after;
    if (after < this.#previous.length) this.#previous[after] = place;
  }

  tokens(): number[] {
    return [...this.#ids].filter((id) => id >= 0);
  }
}
