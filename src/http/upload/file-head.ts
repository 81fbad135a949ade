// The beginning of a safetensors file that passes by: its header, so that it can be checked before the file is stored.
import { lengthPrefixBytes, longestHeaderBytes } from '../../model/safetensors-header.ts';

/** A header says its own length; no more is kept however much it claims. */
const longestHeadBytes = longestHeaderBytes + lengthPrefixBytes;

/** Keeps as much of a file's beginning as its header says that it has. */
export class FileHead {
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #wantedBytes: number = lengthPrefixBytes;

  add(chunk: Buffer): void {
    if (this.#sizeBytes >= this.#wantedBytes) return;
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    if (this.#wantedBytes > lengthPrefixBytes || this.#sizeBytes < lengthPrefixBytes) return;
    const length = Number(this.#bytes().readBigUInt64LE(0));
    this.#wantedBytes = Math.min(lengthPrefixBytes + length, longestHeadBytes);
  }

  /** At most `size` bytes from `start` on, as far as the head goes. */
  readRange(start: number, size: number): Promise<Buffer> {
    return Promise.resolve(this.#bytes().subarray(start, start + size));
  }

  #bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks));
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
}
