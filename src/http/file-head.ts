// The beginning of a safetensors file that passes by: its header, so that it can be checked before the file is stored.
import { Readable } from 'node:stream';
import type { ObjectStore } from '../storage/object-store.ts';
import { lengthPrefixBytes } from '../model/safetensors-header.ts';

/** A header says its own length; no more is kept however much it claims. */
const longestHeadBytes = 100 * 1024 * 1024 + lengthPrefixBytes;

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

  /** A store that holds nothing but this head, whatever the key, and can only be read. */
  asStore(): ObjectStore {
    const head = this.#bytes();
    const refuse = () => Promise.reject(new Error('the head of a file is read only'));
    return {
      get: (_key, range = { start: 0, end: head.length - 1 }) =>
        Promise.resolve({
          body: Readable.from([head.subarray(range.start, range.end + 1)], { objectMode: false }),
          sizeBytes: head.length,
        }),
      head: () => Promise.resolve({ sizeBytes: head.length }),
      put: refuse,
      copy: refuse,
      delete: refuse,
      check: refuse,
      async *list() {
        // Nothing is listed: there is one object, and who asks knows it.
      },
    };
  }

  #bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks));
    return this.#chunks[0] ?? Buffer.alloc(0);
  }
}
