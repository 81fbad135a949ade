// The token ids and labels of a split: growing while it is encoded, and as the bytes of a blob.
import { CodedError } from '../error.ts';

export interface TokenTable {
  readonly examples: {
    /** All ids one after another. */
    readonly tokenIds: Int32Array;
    /** `[rows + 1]`: row `i` is `tokenIds[offsets[i]]` up to, not including, `tokenIds[offsets[i + 1]]`. */
    readonly offsets: Int32Array;
  };
  /** `[rows]`, the place of each row's label among the class names. */
  readonly labels: Int32Array;
}

/** Collects rows; memory is at most twice what the rows take. */
export class TokenTableBuilder {
  readonly #tokenIds = new GrowingInts();
  readonly #offsets = new GrowingInts();
  readonly #labels = new GrowingInts();

  constructor() {
    this.#offsets.push(0);
  }

  add(tokenIds: readonly number[], label: number): void {
    for (const id of tokenIds) this.#tokenIds.push(id);
    this.#offsets.push(this.#tokenIds.length);
    this.#labels.push(label);
  }

  finish(): TokenTable {
    return {
      examples: { tokenIds: this.#tokenIds.values(), offsets: this.#offsets.values() },
      labels: this.#labels.values(),
    };
  }
}

const int32Bytes = 4;

/** Little-endian 32-bit numbers: the number of rows, the offsets, the labels, the ids. */
export function encodeTokenTable(table: TokenTable): Uint8Array {
  const { offsets, tokenIds } = table.examples;
  const numbers = new Int32Array(1 + offsets.length + table.labels.length + tokenIds.length);
  numbers[0] = table.labels.length;
  numbers.set(offsets, 1);
  numbers.set(table.labels, 1 + offsets.length);
  numbers.set(tokenIds, 1 + offsets.length + table.labels.length);
  return new Uint8Array(numbers.buffer);
}

/** @throws CodedError `blob_corrupt` for bytes that {@link encodeTokenTable} does not write. */
export function decodeTokenTable(bytes: Uint8Array): TokenTable {
  if (bytes.byteLength < 2 * int32Bytes || bytes.byteLength % int32Bytes !== 0) throw corrupt();
  const numbers = new Int32Array(Uint8Array.from(bytes).buffer);
  const rows = numbers[0] ?? 0;
  const labelsStart = 1 + rows + 1;
  const offsets = numbers.subarray(1, labelsStart);
  const labels = numbers.subarray(labelsStart, labelsStart + rows);
  const tokenIds = numbers.subarray(labelsStart + rows);
  if (
    rows < 0 ||
    labels.length !== rows ||
    offsets.length !== rows + 1 ||
    offsets[rows] !== tokenIds.length
  ) {
    throw corrupt();
  }
  return { examples: { tokenIds, offsets }, labels };
}

/** A typed array that grows by doubling. */
class GrowingInts {
  #numbers = new Int32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#numbers.length) {
      const grown = new Int32Array(2 * this.length);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.length] = value;
    this.length += 1;
  }

  values(): Int32Array {
    return this.#numbers.subarray(0, this.length);
  }
}

function corrupt(): CodedError {
  return new CodedError('blob_corrupt', 'A table of tokens does not hold what its first number says.');
}
