// The rows of a split's file, as they come: CSV, TSV, JSON lines or Parquet.
import type { Readable } from 'node:stream';
import { duplicateKey } from '../json/duplicate-key.ts';
import { deepestNesting, isNestedTooDeep } from '../json/nesting.ts';
import { checkColumnNames } from './column-names.ts';
import { csvRecords, type CellRecord } from './csv-records.ts';
import { datasetLimits } from './limits.ts';
import { parquetRows } from './parquet-rows.ts';
import { RowProblems } from './row-problems.ts';
import { lineTooLong, textBlocks } from './text-blocks.ts';
import { quoted } from '../json/quoted.ts';
import { isJsonObject } from '../json/json-object.ts';

export const splitFormats = ['csv', 'tsv', 'jsonl', 'parquet'] as const;
export type SplitFormat = (typeof splitFormats)[number];

/** CSV and TSV have strings only; JSON lines and Parquet keep their types, nested values included. */
export type CellValue = string | number | boolean | null | object;

export interface Row {
  /** The line of the file that the row begins in, or the place of a row of Parquet, from 1. */
  readonly line: number;
  readonly values: Readonly<Record<string, CellValue>>;
}

/**
 * Reads rows one by one. CSV is RFC 4180; TSV has tabs and no quoting; the first record of both names the columns; lines end
 * with LF or CRLF. JSON lines hold one object each. Empty lines are passed over. Parquet is {@link parquetRows}.
 *
 * @param splitName for the messages.
 * @throws CodedError `dataset_invalid` with the first 20 wrong lines, after the rows before them were handed out.
 */
export async function* readRows(
  splitName: string,
  format: SplitFormat,
  stream: Readable,
): AsyncGenerator<Row> {
  const problems = new RowProblems(splitName);
  const rows = rowsOf(format, stream, problems);
  let count = 0;
  try {
    for await (const row of rows) {
      count += 1;
      if (problems.isEmpty) yield row;
    }
  } finally {
    stream.destroy();
  }
  problems.throwIfAny();
  if (count === 0) problems.fail(1, 'there is no row');
}

function rowsOf(format: SplitFormat, stream: Readable, problems: RowProblems): AsyncGenerator<Row> {
  if (format === 'jsonl') return jsonRows(stream, problems);
  if (format === 'parquet') return parquetRows(stream, problems);
  return tableRows(recordsOf(format, stream, problems), problems);
}

function recordsOf(
  format: 'csv' | 'tsv',
  stream: Readable,
  problems: RowProblems,
): AsyncGenerator<CellRecord> {
  return format === 'csv' ? csvRecords(textBlocks(stream, problems), problems) : tsvRecords(stream, problems);
}

async function* tsvRecords(stream: Readable, problems: RowProblems): AsyncGenerator<CellRecord> {
  for await (const { line, text } of linesOf(stream, problems)) yield { line, cells: text.split('\t') };
}

async function* linesOf(
  stream: Readable,
  problems: RowProblems,
): AsyncGenerator<{ line: number; text: string }> {
  for await (const block of textBlocks(stream, problems)) {
    let line = block.firstLine;
    for (const text of block.text.split('\n')) {
      if (text.length > datasetLimits.longestLineBytes) problems.fail(line, lineTooLong);
      if (text !== '' && text !== '\r') yield { line, text: text.endsWith('\r') ? text.slice(0, -1) : text };
      line += 1;
    }
  }
}

/** A file whose lines end so would be one header without a row. */
const loneCarriageReturn = /\r(?!\n)/;

async function* tableRows(records: AsyncGenerator<CellRecord>, problems: RowProblems): AsyncGenerator<Row> {
  let columns: readonly string[] | undefined;
  for await (const { line, cells } of records) {
    if (columns === undefined) {
      if (cells.some((cell) => loneCarriageReturn.test(cell)))
        problems.fail(line, 'has a carriage return without a line feed: lines end with LF or CRLF');
      checkColumnNames(line, cells, problems);
      columns = cells;
    } else if (cells.length !== columns.length) {
      problems.add(line, `has ${cells.length} cells where the header has ${columns.length}`);
    } else {
      yield {
        line,
        values: Object.fromEntries(columns.map((column, place) => [column, cells[place] ?? ''])),
      };
    }
  }
}

async function* jsonRows(stream: Readable, problems: RowProblems): AsyncGenerator<Row> {
  for await (const { line, text } of linesOf(stream, problems)) {
    if (isNestedTooDeep(text)) {
      problems.add(line, `is nested over ${deepestNesting} levels deep`);
      continue;
    }
    const values = parseObject(text);
    if (values === undefined) {
      problems.add(line, 'is not a JSON object');
      continue;
    }
    const repeated = duplicateKey(text);
    if (repeated !== undefined) problems.fail(line, `names the column ${quoted(repeated)} twice`);
    // Only an escape can bring in what a line of valid UTF-8 cannot hold.
    if (text.includes('\\u') && !isPlainText(JSON.stringify(values))) {
      problems.add(line, 'holds a NUL character or half of a surrogate pair');
      continue;
    }
    yield { line, values };
  }
}

function parseObject(text: string): Readonly<Record<string, CellValue>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? (value as Record<string, CellValue>) : undefined; // Every JSON value is a CellValue.
  } catch {
    // What the parser found wrong is of no help beside the line's number.
    return undefined;
  }
}

/** Whether JSON text, as `JSON.stringify` writes it, has neither NUL nor a lone surrogate: it escapes both. */
function isPlainText(json: string): boolean {
  return !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/.test(json);
}
