// Rows that come within a submission, as the files that they stand for: JSON lines, one file a split.
import { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import type { InlineRows } from '../experiment/spec.ts';
import type { CountedSplit } from './sample-dataset.ts';

/** Of all splits together, as JSON lines. */
const maximumInlineRowsBytes = 1024 * 1024;

/** @throws CodedError `payload_too_large` for more than 1 MiB of all splits together. */
export function splitsOfRows(rows: InlineRows): readonly CountedSplit[] {
  const files = Object.entries(rows).map(([name, splitRows]) => {
    const bytes = Buffer.from(splitRows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return { name, fileRows: splitRows.length, bytes };
  });
  const sizeBytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (sizeBytes > maximumInlineRowsBytes)
    throw new CodedError(
      'payload_too_large',
      `The inline rows are ${sizeBytes} bytes, over ${maximumInlineRowsBytes}.`,
    );
  return files.map(({ bytes, ...split }) => ({
    ...split,
    format: 'jsonl',
    open: () => Promise.resolve(Readable.from([bytes])),
  }));
}
