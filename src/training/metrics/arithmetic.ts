// The two small conventions that every metric here shares.

/** 0/0 counts as 0, scikit-learn's `zero_division=0`. */
export function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

/** The values added up in their order. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The mean of the values that are defined; null where none is. */
export function meanOfDefined(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : sum(defined) / defined.length;
}
