// What an estimate knows of a split: its rows, and the lengths of those that were looked at.

export interface EstimatedSplit {
  /** That are taken. */
  readonly rows: number;
  /** Tokens of the rows looked at, special ones included, ascending; never none. */
  readonly lengths: readonly number[];
  /** The share of rows that are longer than the maximum. */
  readonly cutShare: number;
  /** Whether lengths are those of some rows only. */
  readonly isSampled: boolean;
}

/** Tokens of a row on average, special ones included. */
export function meanTokens({ lengths }: EstimatedSplit): number {
  return lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
}

/** Tokens of the longest row that was looked at, special ones included. */
export function longestTokens({ lengths }: EstimatedSplit): number {
  return lengths.at(-1) ?? 0;
}

/** The longest of so many rows drawn at random: the quantile `count / (count + 1)`. */
export function longestOf({ lengths }: Pick<EstimatedSplit, 'lengths'>, count: number): number {
  return lengths[Math.min(lengths.length - 1, Math.floor((lengths.length * count) / (count + 1)))] ?? 0;
}

/**
 * Different words among all rows, by Heaps' law (Heaps, Information Retrieval, 1978): V(n) = K n^b, its exponent told by the
 * two halves of what was looked at.
 * @param most words of the tokenizer.
 */
export function wordsInUse(
  seen: { readonly distinctInHalf: number; readonly distinct: number; readonly rows: number },
  rows: number,
  most: number,
): number {
  const { distinctInHalf, distinct } = seen;
  if (rows <= seen.rows || distinctInHalf === 0) return Math.min(distinct, most);
  const exponent = Math.log2(distinct / distinctInHalf);
  return Math.min(most, Math.round(distinct * (rows / seen.rows) ** exponent));
}
