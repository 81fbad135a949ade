// Which rows of a table of logits belong to which example.

/** The number of examples, and the tokens of each. */
export interface ExampleLengths {
  readonly count: number;
  lengthOf(index: number): number;
}

/**
 * Where the rows of logits of each example begin, `[examples + 1]`: those of example `i` are `offsets[i]` up to, not
 * including, `offsets[i + 1]`.
 * @param isPerToken one row a token, else one an example.
 */
export function logitRowOffsets(examples: ExampleLengths, isPerToken: boolean): Int32Array {
  const offsets = new Int32Array(examples.count + 1);
  for (let index = 0; index < examples.count; index++)
    offsets[index + 1] = (offsets[index] ?? 0) + (isPerToken ? examples.lengthOf(index) : 1);
  return offsets;
}
