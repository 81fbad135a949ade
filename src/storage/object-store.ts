// What the service asks of a place for large objects. Two implementations: a directory and S3.
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { CodedError } from '../error.ts';

/** First and last byte, both included, counted from 0 (as in RFC 9110, section 14). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface PutOptions {
  /** Leave an object alone that is there already. */
  readonly ifAbsent?: boolean;
}

export interface StoredObject {
  readonly body: Readable;
  /** The size of the whole object, also when a range of it is read. */
  readonly sizeBytes: number;
}

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/**
 * A store of immutable-by-convention objects. Keys are relative paths (see {@link assertKey}). An object is seen whole or
 * not at all, and once `put` returns it survives a crash. Faults of the store are thrown as `storage_unavailable`.
 */
export interface ObjectStore {
  /** Returns `exists` only with `ifAbsent`; of concurrent calls with it exactly one gets `created`. */
  put(key: string, body: Uint8Array | Readable, options?: PutOptions): Promise<'created' | 'exists'>;
  /** `undefined` where there is no such object. A range must lie within the object (`range_not_satisfiable`). */
  get(key: string, range?: ByteRange): Promise<StoredObject | undefined>;
  head(key: string): Promise<{ readonly sizeBytes: number } | undefined>;
  /** Makes `toKey` hold what `fromKey` holds, without moving the bytes through this process. */
  copy(fromKey: string, toKey: string): Promise<void>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Every object whose key starts with `prefix`, in the order of keys. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /**
   * Removes what writes that never ended have left, where it began before `before`: it is no object, and takes room.
   * Returns how many there were.
   */
  removeUnfinished(before: Date): Promise<number>;
  /** Throws `storage_unavailable` unless the store can be read and written. */
  check(): Promise<void>;
}

/** S3 allows 1,024 bytes; the rest is left to the operator's prefix. */
const longestKeyCharacters = 512;
const keyPattern = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*(?:\/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*$/;

/**
 * Whether a text can be a key: segments of letters, digits and `._=-` that do not begin with a dot, parted by single
 * slashes. No key can leave the store, and every implementation can hold every key.
 */
export function isKey(text: string): boolean {
  return text.length <= longestKeyCharacters && keyPattern.test(text);
}

/** @throws CodedError `internal` unless {@link isKey}: keys are made by this program, never by a user. */
export function assertKey(key: string): void {
  if (!isKey(key)) {
    throw new CodedError('internal', 'An object key is not a plain relative path.');
  }
}

/** @throws CodedError `range_not_satisfiable` unless the range lies within `sizeBytes`. */
export function assertRange(range: ByteRange, sizeBytes: number): void {
  const whole = Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end);
  if (!whole || range.start < 0 || range.end < range.start || range.end >= sizeBytes) {
    throw new CodedError(
      'range_not_satisfiable',
      `Bytes ${range.start} to ${range.end} are not all within the ${sizeBytes} bytes of the object.`,
    );
  }
}

/**
 * Keeps a body that fails before anything reads it from ending the process; whoever reads it then gets the failure.
 */
export function heedFaultsOf(body: Uint8Array | Readable): void {
  if (!(body instanceof Uint8Array)) body.on('error', () => undefined);
}

/**
 * The bytes of an object that is known to be small.
 *
 * @throws CodedError `storage_unavailable`, also when they stop coming half-way.
 */
export async function wholeBody({ body }: Pick<StoredObject, 'body'>): Promise<Buffer> {
  try {
    return await buffer(body);
  } catch (error) {
    throw storageFault(error);
  }
}

/** A fault of the store as a coded error. Its message names the fault, never a path or an address. */
export function storageFault(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const name = code !== '' ? code : error instanceof Error ? error.name : 'unknown fault';
  return new CodedError('storage_unavailable', `The object store answered with ${name}.`, { cause: error });
}
