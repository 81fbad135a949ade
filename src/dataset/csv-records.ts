// CSV as RFC 4180 has it: cells of a comma-separated line, in double quotes where they hold commas, quotes or line ends.
import { datasetLimits } from './limits.ts';
import type { RowProblems } from './row-problems.ts';
import type { TextBlock } from './text-blocks.ts';

export interface CellRecord {
  /** The line that the record begins in, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Where in a record the reader stands. */
type Place = 'cellStart' | 'plainCell' | 'quotedCell' | 'afterQuote';

/** Reads records from text that comes in pieces. Line ends are LF or CRLF; empty lines are passed over. */
export class CsvReader {
  readonly #problems: RowProblems;
  #place: Place = 'cellStart';
  #cells: string[] = [];
  #cell = '';
  #line = 1;
  #recordLine = 1;
  #quoteLine = 1;

  constructor(problems: RowProblems) {
    this.#problems = problems;
  }

  /** The records that this piece completes. */
  *read(block: TextBlock): Generator<CellRecord> {
    const { text } = block;
    this.#line = block.firstLine;
    if (this.#place === 'cellStart' && this.#cells.length === 0) this.#recordLine = block.firstLine;
    let index = 0;
    while (index < text.length) {
      if (this.#place === 'quotedCell') {
        index = this.#readQuoted(text, index);
        continue;
      }
      const character = text[index];
      if (character === ',') this.#endCell();
      else if (character === '\n') {
        const record = this.#endRecord();
        if (record !== undefined) yield record;
      } else if (character === '"') {
        if (this.#place === 'cellStart') this.#quoteLine = this.#line;
        else if (this.#place === 'plainCell')
          this.#problems.fail(this.#line, 'has a quote inside a cell without quotes');
        else this.#cell += '"';
        this.#place = 'quotedCell';
      } else if (!(character === '\r' && text[index + 1] === '\n')) {
        if (this.#place === 'afterQuote') this.#problems.fail(this.#line, 'goes on after a closing quote');
        index = this.#readPlain(text, index);
        continue;
      }
      index += 1;
    }
  }

  /** The record that the end of the file completes. */
  *end(): Generator<CellRecord> {
    if (this.#place === 'quotedCell')
      this.#problems.fail(this.#quoteLine, 'opens a quote that is never closed');
    const record = this.#endRecord();
    if (record !== undefined) yield record;
  }

  /** Takes text up to a quote, which either closes the cell or is doubled: the next character tells. */
  #readQuoted(text: string, start: number): number {
    const quote = text.indexOf('"', start);
    const end = quote === -1 ? text.length : quote;
    for (
      let feed = text.indexOf('\n', start);
      feed !== -1 && feed < end;
      feed = text.indexOf('\n', feed + 1)
    ) {
      this.#line += 1;
    }
    this.#grow(text.slice(start, end));
    if (quote === -1) return end;
    this.#place = 'afterQuote';
    return end + 1;
  }

  #readPlain(text: string, start: number): number {
    let end = start;
    for (; end < text.length; end += 1) {
      const character = text[end];
      if (character === ',' || character === '\n' || character === '"') break;
    }
    const endsWithReturn = text[end] === '\n' && text[end - 1] === '\r';
    this.#grow(text.slice(start, endsWithReturn ? end - 1 : end));
    this.#place = 'plainCell';
    return end;
  }

  #grow(part: string): void {
    this.#cell += part;
    if (this.#cell.length > datasetLimits.longestLineBytes) {
      this.#problems.fail(
        this.#recordLine,
        `has a cell of over ${datasetLimits.longestLineBytes} characters`,
      );
    }
  }

  #endCell(): void {
    this.#cells.push(this.#cell);
    if (this.#cells.length > datasetLimits.columns) {
      this.#problems.fail(this.#recordLine, `has over ${datasetLimits.columns} cells`);
    }
    this.#cell = '';
    this.#place = 'cellStart';
  }

  #endRecord(): CellRecord | undefined {
    const isEmptyLine = this.#cells.length === 0 && this.#place === 'cellStart';
    if (!isEmptyLine) this.#endCell();
    const record = { line: this.#recordLine, cells: this.#cells };
    this.#cells = [];
    this.#line += 1;
    this.#recordLine = this.#line;
    return isEmptyLine ? undefined : record;
  }
}
