// An object store in an S3 bucket: conditional writes, and what S3's answers to them mean.
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertKey,
  assertRange,
  heedFaultsOf,
  storageFault,
  wholeBody,
  type ByteRange,
  type ListedObject,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
} from './object-store.ts';
import { readinessKey } from './object-key.ts';
import { partSizeBytes, type S3Calls } from './s3-client.ts';

/** A conditional write that meets another one under way is answered 409 and may be tried again this often. */
const conflictAttempts = 6;
const conflictDelayMilliseconds = 100;

/** An object store under a prefix of a bucket of S3, or of a server that speaks its protocol. */
export class S3Store implements ObjectStore {
  readonly #calls: S3Calls;
  readonly #prefix: string;

  /** @param prefix put before every key; empty, or ends with a slash. */
  constructor(calls: S3Calls, prefix: string) {
    this.#calls = calls;
    this.#prefix = prefix;
  }

  async put(
    key: string,
    body: Uint8Array | Readable,
    options: PutOptions = {},
  ): Promise<'created' | 'exists'> {
    assertKey(key);
    const ifAbsent = options.ifAbsent === true;
    heedFaultsOf(body);
    try {
      if (!(body instanceof Uint8Array)) return await this.#putStream(key, body, ifAbsent);
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#putBytes(key, body, ifAbsent);
        } catch (error) {
          if (!ifAbsent || statusOf(error) !== 409 || attempt === conflictAttempts) throw error;
          await sleep(conflictDelayMilliseconds * attempt);
        }
      }
    } catch (error) {
      throw storageFault(error);
    }
  }

  async get(key: string, range?: ByteRange): Promise<StoredObject | undefined> {
    assertKey(key);
    try {
      const header = range === undefined ? undefined : `bytes=${range.start}-${range.end}`;
      const found = await this.#calls.get(this.#prefix + key, header);
      // S3 answers a range that goes over the end with what there is of it, and one that makes no sense with everything.
      if (range !== undefined) requireWithin(range, found);
      return found;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      if (range !== undefined && statusOf(error) === 416)
        assertRange(range, (await this.head(key))?.sizeBytes ?? 0);
      throw storageFault(error);
    }
  }

  async head(key: string): Promise<{ sizeBytes: number } | undefined> {
    assertKey(key);
    try {
      return { sizeBytes: await this.#calls.head(this.#prefix + key) };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw storageFault(error);
    }
  }

  async copy(fromKey: string, toKey: string): Promise<void> {
    assertKey(fromKey);
    assertKey(toKey);
    try {
      await this.#calls.copy(this.#prefix + fromKey, this.#prefix + toKey);
    } catch (error) {
      throw storageFault(error);
    }
  }

  async delete(key: string): Promise<void> {
    assertKey(key);
    try {
      await this.#calls.delete(this.#prefix + key);
    } catch (error) {
      if (statusOf(error) !== 404) throw storageFault(error);
    }
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    let token: string | undefined;
    do {
      const page = await this.#calls.list(this.#prefix + prefix, token).catch((error: unknown) => {
        throw storageFault(error);
      });
      for (const found of page.objects) yield { ...found, key: found.key.slice(this.#prefix.length) };
      token = page.nextToken;
    } while (token !== undefined);
  }

  /** Uploads in parts, of which S3 keeps the parts until they are completed or aborted. */
  async removeUnfinished(before: Date): Promise<number> {
    let removed = 0;
    try {
      let page = await this.#calls.unfinishedUploads(this.#prefix, undefined);
      for (;;) {
        for (const upload of page.uploads) {
          if (upload.begunAt >= before) continue;
          await this.#abort(upload);
          removed += 1;
        }
        if (page.next === undefined) return removed;
        page = await this.#calls.unfinishedUploads(this.#prefix, page.next);
      }
    } catch (error) {
      throw storageFault(error);
    }
  }

  async check(): Promise<void> {
    await this.put(readinessKey, new Uint8Array(1));
    await this.head(readinessKey);
  }

  async #abort(upload: Parameters<S3Calls['abortUpload']>[0]): Promise<void> {
    try {
      await this.#calls.abortUpload(upload);
    } catch (error) {
      // Completed or aborted meanwhile.
      if (statusOf(error) !== 404) throw error;
    }
  }

  async #putBytes(key: string, body: Uint8Array, ifAbsent: boolean): Promise<'created' | 'exists'> {
    try {
      if (body.byteLength <= partSizeBytes) await this.#calls.putBytes(this.#prefix + key, body, ifAbsent);
      else await this.#calls.putStream(this.#prefix + key, chunked(body), ifAbsent);
      return 'created';
    } catch (error) {
      if (!ifAbsent || statusOf(error) !== 412) throw error;
      // The SDK tries again when an answer is lost: the object that stands in the way may be the one just written.
      return attemptsOf(error) > 1 && (await this.#holds(key, body)) ? 'created' : 'exists';
    }
  }

  async #putStream(key: string, body: Readable, ifAbsent: boolean): Promise<'created' | 'exists'> {
    try {
      await this.#calls.putStream(this.#prefix + key, body, ifAbsent);
      return 'created';
    } catch (error) {
      if (ifAbsent && statusOf(error) === 412) return 'exists';
      throw error;
    } finally {
      body.destroy();
    }
  }

  async #holds(key: string, body: Uint8Array): Promise<boolean> {
    const stored = await this.get(key);
    if (stored?.sizeBytes !== body.byteLength) {
      stored?.body.destroy();
      return false;
    }
    return (await wholeBody(stored)).equals(body);
  }
}

/** @throws CodedError `range_not_satisfiable` */
function requireWithin(range: ByteRange, { body, sizeBytes }: StoredObject): void {
  try {
    assertRange(range, sizeBytes);
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function chunked(body: Uint8Array): Readable {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return Readable.from(
    (function* () {
      for (let start = 0; start < bytes.length; start += partSizeBytes) {
        yield bytes.subarray(start, start + partSizeBytes);
      }
    })(),
    { objectMode: false },
  );
}

/** What the SDK adds to its errors. */
function metadataOf(error: unknown): { httpStatusCode?: unknown; attempts?: unknown } {
  const metadata: unknown = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  return typeof metadata === 'object' && metadata !== null ? metadata : {};
}

function statusOf(error: unknown): number | undefined {
  const { httpStatusCode } = metadataOf(error);
  return typeof httpStatusCode === 'number' ? httpStatusCode : undefined;
}

function attemptsOf(error: unknown): number {
  const { attempts } = metadataOf(error);
  return typeof attempts === 'number' ? attempts : 1;
}
