// Several works at once, of which nothing goes on behind the back of who waited for them.

/**
 * Waits for the end of all of them, also where one fails.
 *
 * @returns their results, in order.
 * @throws what the first of the list that failed threw.
 */
export async function allEnded<T extends readonly unknown[]>(works: {
  readonly [Index in keyof T]: Promise<T[Index]>;
}): Promise<T> {
  await Promise.allSettled(works);
  // Settled as they are, this only takes the results, or the first failure, out of them.
  return await Promise.all(works); // TypeScript loses the tuple in the awaited mapped type.
}
