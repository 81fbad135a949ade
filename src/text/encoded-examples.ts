// Token ids of many examples in two flat arrays: the shape in which text leaves this room.

/** Examples as token ids. Example `i` is `tokenIds[offsets[i]]` up to, not including, `tokenIds[offsets[i + 1]]`. */
export interface EncodedExamples {
  /** All ids one after another, special tokens included. */
  readonly tokenIds: Int32Array;
  /** `[count + 1]`, rising from 0 to `tokenIds.length`. */
  readonly offsets: Int32Array;
}

/** The number of examples in a table. */
export function exampleCount(examples: EncodedExamples): number {
  return examples.offsets.length - 1;
}
