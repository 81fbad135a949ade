// The bytes that the files of one form may have together: every file takes from the same budget as it comes.
import { CodedError } from '../../error.ts';

/** What is left of the bytes that one form may have. */
export class ByteBudget {
  readonly #maximumBytes: number;
  #spentBytes = 0;

  /** @param maximumBytes what the operator allows for the whole form. */
  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /** @throws CodedError `payload_too_large` once more was taken than there is. */
  take(sizeBytes: number): void {
    this.#spentBytes += sizeBytes;
    if (this.#spentBytes > this.#maximumBytes)
      throw new CodedError('payload_too_large', `The files are over ${this.#maximumBytes} bytes together.`);
  }
}
