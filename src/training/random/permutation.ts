// A random order of things, the same for the same address.
import { wordReader, type Keystream } from './keystream.ts';

/**
 * A uniform permutation of 0 .. count - 1 (Fisher and Yates; whole numbers by rejection, so that none is favoured).
 * @param index which permutation of the stream's purpose, for instance the epoch.
 */
export function permutation(keystream: Keystream, index: number, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, position) => position);
  const nextWord = wordReader(keystream, index, 0);
  for (let last = count - 1; last > 0; last--) {
    const bound = last + 1;
    const fair = 2 ** 32 - (2 ** 32 % bound);
    let word = nextWord();
    while (word >= fair) word = nextWord();
    const other = word % bound;
    const swapped = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = swapped;
  }
  return order;
}
