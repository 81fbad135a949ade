// The Range header (RFC 9110, section 14), of which one range of bytes is understood.
import { CodedError } from '../../error.ts';
import type { ByteRange } from '../../storage/object-store.ts';

/**
 * Reads a range of an object with `sizeBytes`.
 *
 * @returns `undefined` where the whole object is to be sent: without a header, and for one that is malformed or asks for
 * several ranges, which a server may ignore.
 * @throws CodedError `range_not_satisfiable` when the range begins beyond the end.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/u.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start >= sizeBytes)
    throw new CodedError(
      'range_not_satisfiable',
      `The object has ${sizeBytes} bytes; the range begins at ${start}.`,
    );
  return { start, end };
}
