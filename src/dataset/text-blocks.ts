// From bytes to text, strictly: whole lines of valid UTF-8 without NUL, in blocks, with the number of their first line.
import type { Readable } from 'node:stream';
import { datasetLimits } from './limits.ts';
import type { RowProblems } from './row-problems.ts';

export interface TextBlock {
  /** Whole lines with their line ends; only the last of a file may lack one. */
  readonly text: string;
  /** Counts from 1. */
  readonly firstLine: number;
}

const lineFeed = 0x0a;
const byteOrderMark = '\uFEFF';

/**
 * Decodes a stream block by block; a byte order mark is dropped, a second one is a wrong line. Lines that are not UTF-8 or hold a NUL are noted among the
 * problems, and handed out all the same, so that the lines after them are read as what they are.
 *
 * @throws CodedError `dataset_invalid` at a line over 1 MiB.
 */
export async function* textBlocks(stream: Readable, problems: RowProblems): AsyncGenerator<TextBlock> {
  let firstLine = 1;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const cut = chunk.lastIndexOf(lineFeed) + 1;
    if (cut === 0) {
      pending.push(chunk);
      pendingBytes += chunk.length;
      if (pendingBytes > datasetLimits.longestLineBytes) problems.fail(firstLine, lineTooLong);
      continue;
    }
    const bytes = Buffer.concat([...pending, chunk.subarray(0, cut)]);
    yield { text: decodeBlock(bytes, firstLine, problems), firstLine };
    firstLine += countLines(bytes);
    pending = [chunk.subarray(cut)];
    pendingBytes = chunk.length - cut;
  }
  if (pendingBytes > 0) yield { text: decodeBlock(Buffer.concat(pending), firstLine, problems), firstLine };
}

export const lineTooLong = `is over ${datasetLimits.longestLineBytes} bytes long`;

function decodeBlock(bytes: Buffer, firstLine: number, problems: RowProblems): string {
  const text = decodeUtf8(bytes, firstLine === 1);
  if (firstLine === 1 && text?.startsWith(byteOrderMark))
    problems.fail(firstLine, 'begins with two byte order marks, of which the file may have one');
  if (text !== undefined && !text.includes('\0')) return text;
  let start = 0;
  for (let line = firstLine; start < bytes.length; line += 1) {
    const end = bytes.indexOf(lineFeed, start) + 1 || bytes.length;
    const lineBytes = bytes.subarray(start, end);
    if (decodeUtf8(lineBytes, false) === undefined) problems.add(line, 'is not UTF-8');
    else if (lineBytes.includes(0)) problems.add(line, 'holds a NUL character');
    start = end;
  }
  return new TextDecoder().decode(bytes);
}

function decodeUtf8(bytes: Uint8Array, dropsByteOrderMark: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: !dropsByteOrderMark }).decode(bytes);
  } catch {
    // The decoder says no more than that; the caller looks for the lines.
    return undefined;
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let place = bytes.indexOf(lineFeed); place !== -1; place = bytes.indexOf(lineFeed, place + 1))
    count += 1;
  return count;
}
