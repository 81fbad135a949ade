// Packs the sequences of a batch into rows of one width, so that hardly a padding token is computed.
import type { BertConfig } from './job.ts';
import { longestFirst } from './longest-first.ts';

/** Where each sequence lies, see {@link firstSlot}. */
export interface Packing {
  readonly rows: number;
  /** Tokens of a row, padding at its end included. */
  readonly width: number;
  /** `[sequences]`. */
  readonly row: Int32Array;
  /** `[sequences]`. */
  readonly start: Int32Array;
}

/** The slot of the first token of a sequence, slots being counted from row to row. */
export function firstSlot({ row, width, start }: Packing, sequence: number): number {
  return (row[sequence] ?? 0) * width + (start[sequence] ?? 0);
}

/** What the time of a packing depends on, in floating-point operations of the forward pass. */
export interface PackingCost {
  /** Of one token in the linear layers. */
  readonly linear: number;
  /** Of one token for each token of its row: attention is computed over whole rows. */
  readonly attention: number;
}

/** Passes over an attention score cost as much as so many operations of a matrix product; measured on x86-64 with AVX-512. */
const operationsPerScore = 90;

/** The cost of one encoder layer of a model. */
export function packingCost(config: BertConfig): PackingCost {
  const { hiddenSize, intermediateSize, heads } = config;
  return {
    linear: 8 * hiddenSize * hiddenSize + 4 * hiddenSize * intermediateSize,
    attention: 4 * hiddenSize + operationsPerScore * heads,
  };
}

/** Rows tried at most one by one; beyond it the number of rows grows by a tenth at a time. */
const triedOneByOne = 64;

/** Longest processing time first (Graham, SIAM J. Appl. Math. 17, 1969): each sequence into the row that is emptiest. */
function fill(lengths: Int32Array, order: Int32Array, rows: number): Packing {
  const used = new Int32Array(rows);
  const row = new Int32Array(lengths.length);
  const start = new Int32Array(lengths.length);
  for (const sequence of order) {
    let emptiest = 0;
    for (let candidate = 1; candidate < rows; candidate++)
      if ((used[candidate] ?? 0) < (used[emptiest] ?? 0)) emptiest = candidate;
    row[sequence] = emptiest;
    start[sequence] = used[emptiest] ?? 0;
    used[emptiest] = (used[emptiest] ?? 0) + (lengths[sequence] ?? 0);
  }
  return { rows, width: used.reduce((widest, width) => Math.max(widest, width), 0), row, start };
}

/** The number of rows to try next; a row for each sequence, which is padding to the longest, is never left out. */
function nextRows(rows: number, most: number): number {
  if (rows === most) return most + 1;
  return Math.min(most, rows + Math.max(1, Math.floor((rows - triedOneByOne) / 10)));
}

/**
 * The cheapest of the packings tried. Few rows leave no room unused, many keep attention small: the cost decides. The
 * same lengths give the same packing.
 * @param lengths `[sequences]`, tokens of each, at least one sequence.
 */
export function packSequences(lengths: Int32Array, cost: PackingCost): Packing {
  const order = longestFirst(lengths);
  const longest = lengths[order[0] ?? 0] ?? 0;
  const costOf = ({ rows, width }: Packing): number => rows * width * (cost.linear + cost.attention * width);
  let best = fill(lengths, order, 1);
  for (let rows = 2; rows <= lengths.length; rows = nextRows(rows, lengths.length)) {
    const tried = fill(lengths, order, rows);
    if (costOf(tried) < costOf(best)) best = tried;
    // More rows would be as wide and only emptier.
    if (tried.width === longest) break;
  }
  return best;
}
