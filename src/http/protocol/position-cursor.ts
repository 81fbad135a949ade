// Cursors of lists whose order is a number: a step, or the place of a row.
import { CodedError } from '../../error.ts';
import { greatestStep } from '../../experiment/steps.ts';

/** The cursor of a page that goes on from a position, which is not below 0. */
export function encodePosition(position: number): string {
  return Buffer.from(`at ${position}`).toString('base64url');
}

/** @throws CodedError `invalid_request` when the text is no cursor that `encodePosition` made. */
export function decodePosition(cursor: string): number {
  const [, digits] = /^at (\d{1,10})$/u.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const position = Number(digits);
  if (Number.isInteger(position) && position <= greatestStep) return position;
  throw new CodedError('invalid_request', 'The cursor is not one that a list gave.', {
    problems: [{ path: '/cursor', message: 'must be the nextCursor of an earlier page' }],
  });
}
