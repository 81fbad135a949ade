// Blobs: objects named by the SHA-256 of their content and checked against it whenever they are read.
import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { setImmediate as nextRound } from 'node:timers/promises';
import { v7 } from 'uuid';
import { CodedError } from '../error.ts';
import { sha256Pattern, type BlobRef, type PinBlobs } from '../experiment/blob.ts';
import { whileWaiting } from '../waiting/while-waiting.ts';
import { blobKey, blobPrefix, incomingPrefix } from './object-key.ts';
import { storageFault, type ByteRange, type ListedObject, type ObjectStore } from './object-store.ts';

/** Parts go to the store in pieces of at most this size, so that it never holds a copy of a large one. */
const pieceSizeBytes = 1024 * 1024;
/** After so many pieces hashed, some tens of milliseconds, other work goes on. */
const piecesAStretch = 32;

const hashPattern = new RegExp(sha256Pattern);

/** `sha256:…` of bytes or of a text's UTF-8. */
export function sha256Of(content: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Whether a parsed value is a {@link BlobRef}. */
export function isBlobRef(value: unknown): value is BlobRef {
  if (typeof value !== 'object' || value === null || !('sha256' in value) || !('sizeBytes' in value))
    return false;
  const { sha256, sizeBytes } = value;
  return typeof sha256 === 'string' && hashPattern.test(sha256) && Number.isSafeInteger(sizeBytes);
}

/** Whether an error says that an object of the store is lost or is not what its name says. */
export function isDamage(error: unknown): error is CodedError {
  return error instanceof CodedError && (error.code === 'blob_missing' || error.code === 'blob_corrupt');
}

/** A blob as it lies in the store. */
export interface StoredBlob extends Omit<ListedObject, 'key'> {
  readonly sha256: string;
}

/** Content under the hash of it. What is read is checked; what is stored is pinned first, by who stores it. */
export class BlobStore {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #pin: PinBlobs;

  /**
   * @param prefix put before every key, so that projects do not share blobs; empty, or ends with a slash.
   * @param pin called before a blob is stored or found to be stored already; what it throws, storing throws.
   */
  constructor(store: ObjectStore, prefix: string, pin: PinBlobs = () => Promise.resolve()) {
    this.#store = store;
    this.#prefix = prefix;
    this.#pin = pin;
  }

  /** The same blobs for one who pins in another way. */
  pinnedBy(pin: PinBlobs): BlobStore {
    return new BlobStore(this.#store, this.#prefix, pin);
  }

  /** What is stored already is read, and written anew when it is broken: all who produce the content share it. */
  async putBytes(bytes: Uint8Array): Promise<BlobRef> {
    const reference = { sha256: sha256Of(bytes), sizeBytes: bytes.byteLength };
    await this.#pin([reference.sha256]);
    if (!(await this.#isIntact(reference))) await this.#store.put(this.#key(reference.sha256), bytes);
    return reference;
  }

  /**
   * Stores bytes that lie in several places as one blob, without a copy of them all. What is stored already is read, and
   * written anew when it is broken.
   *
   * @param parts in the order of the content; they must not change until the promise settles.
   * @param onProgress called now and then while the parts are hashed, compared and stored.
   */
  async putParts(parts: readonly Uint8Array[], onProgress: () => void = () => undefined): Promise<BlobRef> {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    let pieces = 0;
    for (const piece of piecesOf(parts)) {
      hash.update(piece);
      sizeBytes += piece.byteLength;
      pieces += 1;
      if (pieces % piecesAStretch !== 0) continue;
      onProgress();
      await nextRound();
    }
    const reference = { sha256: `sha256:${hash.digest('hex')}`, sizeBytes };
    await this.#pin([reference.sha256]);
    if (!(await this.#isIntact(reference, onProgress)))
      await this.#store.put(
        this.#key(reference.sha256),
        Readable.from(piecesOf(parts, onProgress), { objectMode: false }),
      );
    return reference;
  }

  /**
   * Stores a stream of unknown length without holding it: it goes to a temporary key while it is hashed, and is
   * published under its name afterwards.
   *
   * @param options.onProgress called as bytes pass, where what it throws ends the storing, and now and then while the store
   * publishes them.
   * @throws CodedError `payload_too_large` over `maximumBytes`; then, and after any other fault, nothing is left behind.
   */
  async putStream(
    body: Readable,
    {
      maximumBytes = Number.MAX_SAFE_INTEGER,
      onProgress = () => undefined,
    }: { readonly maximumBytes?: number; readonly onProgress?: () => void } = {},
  ): Promise<BlobRef> {
    if (body.destroyed) throw new CodedError('invalid_request', 'The body ended before its end.');
    const incoming = `${incomingPrefix(this.#prefix)}${v7()}`;
    const meter = new HashingStream({ maximumBytes, onProgress });
    body.once('error', (error) => meter.destroy(error));
    body.once('close', () => {
      if (!body.readableEnded)
        meter.destroy(new CodedError('invalid_request', 'The body ended before its end.'));
    });
    try {
      await this.#store.put(incoming, body.pipe(meter));
      const reference = meter.reference();
      await this.#pin([reference.sha256]);
      // Also over what is there: that may be broken, and a copy within the store costs less than reading it.
      await whileWaiting(onProgress, this.#store.copy(incoming, this.#key(reference.sha256)));
      return reference;
    } catch (error) {
      // The store wraps what broke its source; a fault of the source itself says more.
      throw meter.fault ?? error;
    } finally {
      body.destroy();
      // What is left here is swept up later. It must neither hide why an upload failed nor fail one that is published.
      await this.#store.delete(incoming).catch(() => undefined);
    }
  }

  /**
   * The content, checked: the stream fails at its end with `blob_corrupt` when size or hash are not those of the name. It
   * is not deleted then, as the reading may be what failed; who puts the same content here later replaces it.
   *
   * @throws CodedError `blob_missing`.
   */
  async get(blob: BlobRef | string): Promise<Readable> {
    const { sha256, sizeBytes } = typeof blob === 'string' ? { sha256: blob, sizeBytes: undefined } : blob;
    const stored = await this.#store.get(this.#key(sha256));
    if (stored === undefined) throw missing(sha256);
    if (sizeBytes !== undefined && stored.sizeBytes !== sizeBytes) {
      stored.body.destroy();
      throw corrupt(sha256);
    }
    const verifier = new HashingStream({ maximumBytes: stored.sizeBytes, expected: sha256 });
    stored.body.once('error', (error) => verifier.destroy(storageFault(error)));
    verifier.once('close', () => stored.body.destroy());
    return stored.body.pipe(verifier);
  }

  /**
   * The whole content, checked. For blobs that are known to be small, or wanted in memory.
   *
   * @param onProgress called as the content comes.
   */
  async bytes(blob: BlobRef | string, onProgress: () => void = () => undefined): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await this.get(blob)) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      onProgress();
    }
    return Buffer.concat(chunks);
  }

  /** The whole content as UTF-8, checked. */
  async text(blob: BlobRef | string): Promise<string> {
    return Buffer.from(await this.bytes(blob)).toString('utf8');
  }

  /** A part of the content, unchecked: a hash covers the whole only. */
  async getRange(sha256: string, range: ByteRange): Promise<Readable> {
    const stored = await this.#store.get(this.#key(sha256), range);
    if (stored === undefined) throw missing(sha256);
    return stored.body;
  }

  /** Removes what uploads that never ended have left since before `before`. */
  async removeLeftovers(before: Date): Promise<number> {
    let removed = 0;
    for await (const found of this.#store.list(incomingPrefix(this.#prefix))) {
      if (found.modifiedAt >= before) continue;
      await this.#store.delete(found.key);
      removed += 1;
    }
    return removed;
  }

  /** Every blob, in the order of hashes. */
  async *list(): AsyncIterable<StoredBlob> {
    for await (const { key, ...found } of this.#store.list(blobPrefix(this.#prefix))) {
      const sha256 = `sha256:${key.slice(key.lastIndexOf('/') + 1)}`;
      if (hashPattern.test(sha256)) yield { sha256, ...found };
    }
  }

  /** Removes a blob. Deleting what is not there is no error. */
  async delete(sha256: string): Promise<void> {
    await this.#store.delete(this.#key(sha256));
  }

  #key(sha256: string): string {
    if (!hashPattern.test(sha256)) throw new CodedError('internal', 'A blob is not named by a SHA-256.');
    return blobKey(this.#prefix, sha256);
  }

  async #isIntact(blob: BlobRef, onProgress: () => void = () => undefined): Promise<boolean> {
    try {
      for await (const _chunk of await this.get(blob)) onProgress();
      return true;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }
}

function* piecesOf(parts: readonly Uint8Array[], onPiece?: () => void): Generator<Uint8Array> {
  for (const part of parts) {
    for (let start = 0; start < part.byteLength; start += pieceSizeBytes) {
      onPiece?.();
      yield part.subarray(start, start + pieceSizeBytes);
    }
  }
}

/** Hands bytes on while it hashes and counts them; fails over a size, and at the end on a hash that is not the expected. */
class HashingStream extends Transform {
  readonly #hash = createHash('sha256');
  readonly #maximumBytes: number;
  readonly #expected: string | undefined;
  #sizeBytes = 0;
  #digest: string | undefined;
  readonly #onProgress: () => void;
  fault: Error | undefined;

  constructor({
    maximumBytes,
    expected,
    onProgress = () => undefined,
  }: {
    readonly maximumBytes: number;
    readonly expected?: string;
    readonly onProgress?: () => void;
  }) {
    super();
    this.#maximumBytes = maximumBytes;
    this.#expected = expected;
    this.#onProgress = onProgress;
    this.once('error', (error) => {
      this.fault = error;
    });
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error?: Error | null, chunk?: Buffer) => void,
  ): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#maximumBytes) {
      const limit = `The body is over ${this.#maximumBytes} bytes.`;
      done(
        this.#expected === undefined ? new CodedError('payload_too_large', limit) : corrupt(this.#expected),
      );
      return;
    }
    this.#hash.update(chunk);
    try {
      this.#onProgress();
    } catch (error) {
      done(error instanceof Error ? error : new Error('The storing was ended.', { cause: error }));
      return;
    }
    done(null, chunk);
  }

  override _flush(done: (error?: Error | null) => void): void {
    this.#digest = `sha256:${this.#hash.digest('hex')}`;
    const differs = this.#expected !== undefined && this.#expected !== this.#digest;
    done(differs ? corrupt(this.#expected) : null);
  }

  reference(): BlobRef {
    if (this.#digest === undefined)
      throw new CodedError('storage_unavailable', 'The body was not read to its end.');
    return { sha256: this.#digest, sizeBytes: this.#sizeBytes };
  }
}

function missing(sha256: string): CodedError {
  return new CodedError('blob_missing', `Blob ${sha256} is not in the store.`);
}

function corrupt(sha256: string): CodedError {
  return new CodedError('blob_corrupt', `The content stored as ${sha256} has another hash or size.`);
}
