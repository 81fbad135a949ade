// CSV as RFC 4180 has it, read by csv-parse: this file adds the line that each record and each fault stands in.
import { CsvError, Parser, type Info } from 'csv-parse';
import { datasetLimits } from './limits.ts';
import type { RowProblems } from './row-problems.ts';
import type { TextBlock } from './text-blocks.ts';

export interface CellRecord {
  /** The line that the record begins in, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** What makes the rest of a file unreadable, by csv-parse's code for it. The line given is that of the cell's beginning. */
const faults: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed',
  INVALID_OPENING_QUOTE: 'has a quote inside a cell without quotes',
  CSV_INVALID_CLOSING_QUOTE: 'has a cell that goes on after its closing quote',
  CSV_MAX_RECORD_SIZE: `has a record of over ${datasetLimits.longestLineBytes} bytes`,
};

/**
 * Reads records from whole lines. Line ends are LF or CRLF; empty lines are passed over; records may differ in length.
 *
 * @throws CodedError `dataset_invalid`, after the records before the fault were handed out.
 */
export async function* csvRecords(
  blocks: AsyncIterable<TextBlock>,
  problems: RowProblems,
): AsyncGenerator<CellRecord> {
  // csv-parse counts a CRLF within quotes as two lines, so line feeds within cells are counted here.
  let feedsInCells = 0;
  let feedsBeforeRecord = 0;
  let records: CellRecord[] = [];
  // Records are taken as they are found, not from the stream, which would lose those that wait when a fault comes.
  const parser = new Parser({
    record_delimiter: ['\r\n', '\n'],
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: datasetLimits.longestLineBytes,
    cast: (cell) => {
      feedsInCells += countFeeds(cell);
      return cell;
    },
    on_record: (cells: string[], info) => {
      records.push({ line: linesBefore(info) + feedsBeforeRecord, cells });
      feedsBeforeRecord = feedsInCells;
      return null;
    },
  });
  parser.on('error', () => undefined); // Given to the callbacks below as well.
  try {
    for await (const block of blocks) {
      const fault = await new Promise<unknown>((resolve) => parser.write(block.text, resolve));
      yield* records;
      records = [];
      failOn(fault);
    }
    const fault = await new Promise<unknown>((resolve) => parser.end(resolve));
    yield* records;
    failOn(fault);
  } finally {
    parser.destroy();
  }

  function failOn(fault: unknown): void {
    if (fault === null || fault === undefined) return;
    const message = fault instanceof CsvError ? faults[fault.code] : undefined;
    if (message === undefined) throw fault;
    problems.fail(linesBefore(fault as CsvError & Info) + 1 + feedsInCells, message); // csv-parse adds its Info.
  }
}

/** The lines that are records, or empty, when a record counts as one line. */
function linesBefore(info: Info): number {
  return info.records + info.empty_lines;
}

function countFeeds(cell: string): number {
  let count = 0;
  for (let place = cell.indexOf('\n'); place !== -1; place = cell.indexOf('\n', place + 1)) count += 1;
  return count;
}
