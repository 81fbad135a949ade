// Numbers that are not what the file says once they are read.

/**
 * What is wrong with a number, alone or in a list. Reading JSON makes infinity of what is beyond the range of doubles, and
 * another number of most whole ones beyond 2^53: two labels could become one.
 *
 * @param isMeasured whether it is a measure, whose last digits do not matter.
 * @returns `undefined` where nothing is.
 */
export function numberProblem(value: unknown, isMeasured = false): string | undefined {
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = numberProblem(item, isMeasured);
      if (problem !== undefined) return problem;
    }
  }
  if (typeof value !== 'number') return undefined;
  if (!Number.isFinite(value)) return 'has a number that is too large';
  const isInexact = Number.isInteger(value) && !Number.isSafeInteger(value);
  return isInexact && !isMeasured ? 'has a whole number beyond 2^53 (write it in quotes)' : undefined;
}
