// Cursors of lists that are ordered by step.
import { CodedError } from '../error.ts';
import { greatestStep } from './schemas/result.ts';

export function encodeStep(step: number): string {
  return Buffer.from(`step ${step}`).toString('base64url');
}

/** @throws CodedError `invalid_request` when the text is no cursor that `encodeStep` made. */
export function decodeStep(cursor: string): number {
  const [, digits] = /^step (\d{1,10})$/u.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const step = Number(digits);
  if (Number.isInteger(step) && step <= greatestStep) return step;
  throw new CodedError('invalid_request', 'The cursor is not one that a list gave.', {
    problems: [{ path: '/cursor', message: 'must be the nextCursor of an earlier page' }],
  });
}
