// Reads a stream in pieces of asked sizes, so that a file is parsed as it comes.
import type { Readable } from 'node:stream';

/** Holds what came and was not asked for yet: less than a piece that the stream gave. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #onProgress: () => void;
  #rest: Buffer = Buffer.alloc(0);

  /** @param onProgress called whenever bytes come. */
  constructor(stream: Readable, onProgress: () => void = () => undefined) {
    this.#onProgress = onProgress;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>; // Streams here are never in object mode.
  }

  /** The next `size` bytes in a buffer of their own, or fewer at the end of the stream. */
  async read(size: number): Promise<Buffer> {
    const result = Buffer.from(new ArrayBuffer(size));
    let filled = 0;
    while (filled < size) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) return result.subarray(0, filled);
        this.#rest = next.value;
        this.#onProgress();
      }
      const taken = this.#rest.copy(result, filled, 0, size - filled);
      filled += taken;
      this.#rest = this.#rest.subarray(taken);
    }
    return result;
  }

  /** Reads to the end and returns how many bytes were left; a stream that checks its content does so only there. */
  async drain(): Promise<number> {
    let left = this.#rest.length;
    this.#rest = Buffer.alloc(0);
    for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) {
      left += next.value.length;
      this.#onProgress();
    }
    return left;
  }
}
