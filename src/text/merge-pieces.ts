// The merging of byte-pair encoding: the most frequent pair of neighbours becomes one piece, until there are enough.

export interface CountedWord {
  /** The pieces that spell the word. Changed in place as pairs are merged. */
  readonly pieces: string[];
  readonly count: number;
}

interface PairCount {
  readonly left: string;
  readonly right: string;
  count: number;
  /** Words that hold the pair, or held it once. */
  readonly words: Set<number>;
}

/** A pair that stands in fewer words than this is not worth a piece. */
const leastCount = 2;

/**
 * New pieces in the order of their making, at most `maximumPieces`.
 *
 * @param isKnown whether a piece is in the vocabulary already, so that making it again takes no room.
 * @param yieldToOthers awaited between short stretches of work.
 */
export async function mergePieces(
  words: readonly CountedWord[],
  maximumPieces: number,
  isKnown: (piece: string) => boolean,
  yieldToOthers: () => Promise<void> | undefined = () => undefined,
): Promise<readonly string[]> {
  const table = new PairTable(words);
  for (const index of words.keys()) {
    table.add(index);
    await yieldToOthers();
  }
  table.order();
  const made = new Set<string>();
  while (made.size < maximumPieces) {
    await yieldToOthers();
    const pair = table.takeMostFrequent();
    if (pair === undefined || pair.count < leastCount) break;
    const piece = pair.left + pair.right.slice('##'.length);
    table.merge(pair, piece);
    if (!isKnown(piece)) made.add(piece);
  }
  return [...made];
}

/** Counts of all neighbouring pairs, kept up to date word by word, with a heap that finds the greatest. */
class PairTable {
  readonly #words: readonly CountedWord[];
  readonly #pairs = new Map<string, PairCount>();
  /** A binary heap of pairs with the count they had when they were put in; stale entries are put right when they surface. */
  readonly #heap: { readonly pair: PairCount; readonly count: number }[] = [];

  constructor(words: readonly CountedWord[]) {
    this.#words = words;
  }

  /** Counts a word's pairs. */
  add(index: number): void {
    this.#count(index, 1);
  }

  /** To be called once, after all words are counted. */
  order(): void {
    for (const pair of this.#pairs.values()) this.#push(pair);
  }

  takeMostFrequent(): PairCount | undefined {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (entry.count === entry.pair.count) return entry.pair;
      if (entry.pair.count > 0 && entry.count > entry.pair.count) this.#push(entry.pair);
    }
    return undefined;
  }

  merge(pair: PairCount, piece: string): void {
    const changed = new Set<PairCount>();
    for (const index of pair.words) {
      const pieces = this.#words[index]?.pieces ?? [];
      if (!holdsPair(pieces, pair)) continue;
      this.#count(index, -1);
      replacePair(pieces, pair, piece);
      for (const grown of this.#count(index, 1)) changed.add(grown);
    }
    // Only counts that may have grown need an entry: the others are put right when they surface.
    for (const grown of changed) this.#push(grown);
  }

  /** Adds a word's pairs to the counts, or takes them off; returns the pairs. */
  #count(index: number, sign: 1 | -1): PairCount[] {
    const word = this.#words[index];
    const touched: PairCount[] = [];
    if (word === undefined) return touched;
    for (let place = 0; place + 1 < word.pieces.length; place += 1) {
      const left = word.pieces[place] ?? '';
      const right = word.pieces[place + 1] ?? '';
      const key = `${left} ${right}`;
      let pair = this.#pairs.get(key);
      if (pair === undefined) {
        pair = { left, right, count: 0, words: new Set() };
        this.#pairs.set(key, pair);
      }
      pair.count += sign * word.count;
      if (sign === 1) pair.words.add(index);
      touched.push(pair);
    }
    return touched;
  }

  #push(pair: PairCount): void {
    const heap = this.#heap;
    const entry = { pair, count: pair.count };
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = heap[parentPlace];
      if (parent === undefined || !comesFirst(entry, parent)) break;
      heap[place] = parent;
      place = parentPlace;
    }
    heap[place] = entry;
  }

  #pop(): { readonly pair: PairCount; readonly count: number } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      const leftPlace = 2 * place + 1;
      const left = heap[leftPlace];
      const right = heap[leftPlace + 1];
      if (left === undefined) break;
      const useRight = right !== undefined && comesFirst(right, left);
      const child = useRight ? right : left;
      if (!comesFirst(child, last)) break;
      heap[place] = child;
      place = useRight ? leftPlace + 1 : leftPlace;
    }
    heap[place] = last;
    return first;
  }
}

type Entry = { readonly pair: PairCount; readonly count: number };

/** Greater counts first; at a tie the pair that sorts first, so that the result does not hang on the order of words. */
function comesFirst(one: Entry, other: Entry): boolean {
  if (one.count !== other.count) return one.count > other.count;
  if (one.pair.left !== other.pair.left) return one.pair.left < other.pair.left;
  return one.pair.right < other.pair.right;
}

function holdsPair(pieces: readonly string[], pair: PairCount): boolean {
  return pieces.some((piece, place) => piece === pair.left && pieces[place + 1] === pair.right);
}

function replacePair(pieces: string[], pair: PairCount, piece: string): void {
  let kept = 0;
  for (let place = 0; place < pieces.length; place += 1) {
    const joins = pieces[place] === pair.left && pieces[place + 1] === pair.right;
    pieces[kept] = joins ? piece : (pieces[place] ?? '');
    kept += 1;
    if (joins) place += 1;
  }
  pieces.length = kept;
}
