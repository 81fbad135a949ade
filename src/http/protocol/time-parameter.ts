// Times in queries: RFC 3339, as the schema has checked, brought into what both this language and Postgres can hold.
import { CodedError } from '../../error.ts';

const earliest = Date.parse('0001-01-01T00:00:00Z');
const latest = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Reads a time; one outside the years 1 to 9999 becomes the nearest within, which sorts the same.
 *
 * @throws CodedError `invalid_request` for a leap second, which RFC 3339 has and a Date has not.
 */
export function timeParameter(name: string, text: string): Date {
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds))
    throw new CodedError('invalid_request', 'The query is not valid.', {
      problems: [{ path: `/${name}`, message: 'must be a time; leap seconds are not taken' }],
    });
  return new Date(Math.min(Math.max(milliseconds, earliest), latest));
}
