// Pages of a list ordered by time of creation: an opaque cursor names the last item seen, so that new items shift nothing.
import { CodedError } from '../error.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/** Where a page starts: just after this item. */
export interface Position {
  readonly createdAt: Date;
  readonly id: string;
}

function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()} ${id}`).toString('base64url');
}

/** @throws CodedError `invalid_request` when the text is no cursor that `encodeCursor` made. */
export function decodeCursor(cursor: string): Position {
  const [, milliseconds = '', id = ''] =
    /^(\d{1,14}) ([a-z]+_[0-9a-z]{1,64})$/u.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (id === '')
    throw new CodedError('invalid_request', 'The cursor is not one that a list gave.', {
      problems: [{ path: '/cursor', message: 'must be the nextCursor of an earlier page' }],
    });
  return { createdAt: new Date(Number(milliseconds)), id };
}

/** Cuts rows that were read with one more than `limit` into a page. */
export function pageOf<T extends Position>(rows: readonly T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor(last) : null };
}

/** The condition of a list from the newest on for what comes after a position. */
export function olderThan({ createdAt, id }: Position) {
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}
