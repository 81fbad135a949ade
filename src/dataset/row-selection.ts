// Which rows of a split are taken: all, a share by their content, or at most so many. Only numbers are held per row.
import { createHash } from 'node:crypto';

/** 48 bits of the SHA-256 of a text, as a number: equal texts have equal keys. */
export function contentKey(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}

/**
 * Sets a share of the rows aside: those with the lowest keys. Rows of equal keys stay together, so the share can be a
 * little less.
 *
 * @param keys `[rows]`, see {@link contentKey}.
 * @param share between 0 and 1.
 * @returns for each row whether it is set aside.
 */
export function setAside(keys: readonly number[], share: number): (row: number) => boolean {
  const sorted = Float64Array.from(keys).sort();
  const threshold = sorted[Math.max(1, Math.round(keys.length * share))] ?? Infinity;
  return (row) => (keys[row] ?? Infinity) < threshold;
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
  const keys = Float64Array.from({ length: count }, (_, row) => contentKey(`${seed}:${row}`));
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  order.sort((left, right) => (keys[left] ?? 0) - (keys[right] ?? 0) || left - right);
  const chosen = new Uint8Array(count);
  for (const row of order.subarray(0, maximum)) chosen[row] = 1;
  return (row) => chosen[row] === 1;
}
