// Reads blobs against their names, each once, and follows the documents among them.
import { isDamage, type BlobStore } from '../storage/blob-store.ts';
import type { Finding } from './finding.ts';
import { documentReferences, type BlobReference } from './references.ts';

/** What became of reading a blob: its size, or how it is damaged. */
type Seen = number | 'missing' | 'corrupt';

/** Remembers what it has read, so that a blob that many refer to is read once. */
export class BlobCheck {
  readonly #blobs: BlobStore;
  readonly #seen = new Map<string, Seen>();
  #sizeBytes = 0;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** The hashes of all blobs that something was found to refer to. */
  get referred(): ReadonlyMap<string, Seen> {
    return this.#seen;
  }

  /** Bytes read. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Tells what is wrong with blobs, and with those that the documents among them refer to.
   *
   * @throws CodedError `storage_unavailable`.
   */
  async *check(where: string, references: readonly BlobReference[]): AsyncGenerator<Finding> {
    for (const { path, sha256, sizeBytes, isDocument } of references) {
      const seen = await this.#see(sha256);
      if (typeof seen === 'string') yield { kind: seen, where, what: `${path}: the blob ${sha256}` };
      else if (sizeBytes !== undefined && sizeBytes !== seen)
        yield { kind: 'differs', where, what: `${path}: ${sha256} has ${seen} bytes, not ${sizeBytes}` };
      else if (isDocument) {
        const document: unknown = JSON.parse(await this.#blobs.text(sha256));
        for (const finding of documentReferences(document))
          yield* this.check(where, [{ ...finding, path: `${path}.${finding.path}` }]);
      }
    }
  }

  async #see(sha256: string): Promise<Seen> {
    const earlier = this.#seen.get(sha256);
    if (earlier !== undefined) return earlier;
    const seen = await this.#read(sha256);
    this.#seen.set(sha256, seen);
    return seen;
  }

  async #read(sha256: string): Promise<Seen> {
    let sizeBytes = 0;
    try {
      for await (const chunk of (await this.#blobs.get(sha256)) as AsyncIterable<Uint8Array>)
        sizeBytes += chunk.byteLength;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return error.code === 'blob_missing' ? 'missing' : 'corrupt';
    }
    this.#sizeBytes += sizeBytes;
    return sizeBytes;
  }
}
