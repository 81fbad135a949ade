// Work on many things, a few at once.
import { allEnded } from '../../src/waiting/all-ended.ts';

/** Calls `work` for each item, at most `count` at a time. @throws the first failure, when what was begun has ended. */
export async function forEachAtOnce<T>(
  items: Iterable<T>,
  count: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const open = items[Symbol.iterator]();
  const takeOver = async (): Promise<void> => {
    for (let next = open.next(); next.done !== true; next = open.next()) await work(next.value);
  };
  await allEnded(Array.from({ length: count }, takeOver));
}
