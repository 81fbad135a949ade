// The order in which sequences are taken: the longest first, so that memory is at its peak at once.

/**
 * Indices from the longest to the shortest; equal lengths keep their order.
 * @param lengths `[sequences]`.
 */
export function longestFirst(lengths: Int32Array): Int32Array {
  return Int32Array.from(lengths.keys()).sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b);
}
