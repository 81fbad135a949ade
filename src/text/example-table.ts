// Examples as a model reads them, by number: what training and evaluation see of a dataset, whatever holds it.

/** One example as the model reads it. */
export interface Example {
  /** Special tokens included. */
  readonly tokenIds: Int32Array;
  /** Where the tokens of the second text begin; the number of tokens when there is one text only. */
  readonly secondStart: number;
  /**
   * What is to be predicted, as 32-bit words: class index (int32) | value (float32 bits) | one float32 per label | one
   * int32 per token, {@link noTarget} where nothing is to be predicted.
   */
  readonly targets: Int32Array;
}

export type TargetKind = 'class' | 'value' | 'labels' | 'tokenClasses';

/** The target of a token that carries no label. */
export const noTarget = -1;

export interface ExampleTable {
  /** The number of examples. */
  readonly count: number;
  /** Of all examples together. */
  readonly tokens: number;
  /** Tokens of the longest example; 0 where there is none. */
  readonly longest: number;
  readonly targetKind: TargetKind;
  /** Ids that occur, ascending. */
  readonly vocabulary: Int32Array;
  /** @throws CodedError `blob_corrupt` where stored bytes are not those of an example. */
  read(index: number): Example;
  lengthOf(index: number): number;
  close(): void;
}

/** A table over examples in memory: for tests and for the few texts of a request. */
export function exampleTableOf(examples: readonly Example[], targetKind: TargetKind): ExampleTable {
  const at = (index: number): Example => {
    const example = examples[index];
    if (example === undefined) throw new RangeError(`There is no example ${index} of ${examples.length}.`);
    return example;
  };
  const lengths = examples.map(({ tokenIds }) => tokenIds.length);
  const ids = new Set(examples.flatMap(({ tokenIds }) => [...tokenIds]));
  return {
    count: examples.length,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    longest: lengths.reduce((longest, length) => Math.max(longest, length), 0),
    targetKind,
    vocabulary: Int32Array.from(ids).sort(),
    read: at,
    lengthOf: (index) => at(index).tokenIds.length,
    close: () => undefined,
  };
}
