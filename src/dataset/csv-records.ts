// CSV as RFC 4180 has it, read by csv-parse: this file adds the line that each record and each fault stands in.
import { CsvError, Parser } from 'csv-parse';
import { datasetLimits } from './limits.ts';
import type { RowProblems } from './row-problems.ts';
import type { TextBlock } from './text-blocks.ts';

export interface CellRecord {
  /** The line that the record begins in, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** What a stream calls back with. */
type Fault = Error | null | undefined;

/** What makes the rest of a file unreadable, by csv-parse's code for it. */
const faults: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed',
  INVALID_OPENING_QUOTE: 'has a quote inside a cell without quotes',
  CSV_INVALID_CLOSING_QUOTE: 'goes on after a closing quote',
  CSV_MAX_RECORD_SIZE: `begins a record of over ${datasetLimits.longestLineBytes} bytes`,
};

/**
 * Reads records from whole lines. Line ends are LF or CRLF; empty lines are passed over; records may differ in length.
 *
 * @throws CodedError `dataset_invalid` with the line that the faulty record begins in, after the records before it were
 * handed out.
 */
export async function* csvRecords(
  blocks: AsyncIterable<TextBlock>,
  problems: RowProblems,
): AsyncGenerator<CellRecord> {
  const parser = new RecordParser();
  parser.on('error', () => undefined); // The callbacks below get it as well.
  try {
    for await (const block of blocks) {
      const fault = await new Promise<Fault>((resolve) => parser.write(block.text, resolve));
      yield* parser.takeRecords();
      failOn(fault, parser, problems);
    }
    const fault = await new Promise<Fault>((resolve) => parser.end((error?: Fault) => resolve(error)));
    yield* parser.takeRecords();
    failOn(fault, parser, problems);
  } finally {
    parser.destroy();
  }
}

/**
 * Takes records where csv-parse hands them to its stream: a fault would make the stream drop those not yet read, and the
 * counts that give a record its line are right only then. (csv-parse's own `info` with each record makes it read at half
 * the speed, and counts a CRLF within quotes as two lines.)
 */
class RecordParser extends Parser {
  #records: CellRecord[] = [];
  #quotedLineEnds = 0;

  constructor() {
    super({
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: datasetLimits.longestLineBytes,
    });
  }

  /** The line after the records that are complete, and after the empty lines that follow them. */
  get nextLine(): number {
    return this.info.records + this.info.empty_lines + this.#quotedLineEnds + 1;
  }

  override push(cells: readonly string[] | null): boolean {
    if (cells === null) return super.push(null);
    // csv-parse has counted this record already.
    this.#records.push({ line: this.nextLine - 1, cells });
    for (const cell of cells) this.#quotedLineEnds += countLineFeeds(cell);
    return true;
  }

  /** The records found since it was called last. */
  takeRecords(): readonly CellRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }
}

function failOn(fault: Fault, parser: RecordParser, problems: RowProblems): void {
  if (fault === null || fault === undefined) return;
  const message = fault instanceof CsvError ? faults[fault.code] : undefined;
  if (message === undefined) throw fault;
  problems.fail(parser.nextLine, message);
}

function countLineFeeds(cell: string): number {
  let count = 0;
  for (let place = cell.indexOf('\n'); place !== -1; place = cell.indexOf('\n', place + 1)) count += 1;
  return count;
}
