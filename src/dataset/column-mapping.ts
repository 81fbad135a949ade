// Which columns hold text and label, and what of a split can be used under that mapping.
import type { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import { readRows, type CellValue, type SplitFormat } from './rows.ts';

/** A split of a dataset whose file can be read more than once. */
export interface SplitSource {
  readonly name: string;
  readonly format: SplitFormat;
  open(): Promise<Readable>;
}

export interface ColumnMapping {
  readonly textField: string;
  readonly labelField: string;
}

/** A row with text and label. */
export interface UsableRow {
  /** Counts the usable rows of the split from 0. */
  readonly index: number;
  readonly line: number;
  readonly text: string;
  readonly label: string;
}

/** Called now and then with the number of rows read since the last call; what it throws ends the reading. */
export type RowsRead = (rows: number) => void;

const reportIntervalMilliseconds = 1_000;

/**
 * The rows of a split that have both text and label; returns how many have not.
 *
 * @throws CodedError `dataset_column_missing` when no row has the column, `dataset_split_empty` when no row is usable,
 *   `dataset_invalid` for what cannot be read and for nested values.
 */
export async function* usableRows(
  source: SplitSource,
  mapping: ColumnMapping,
  rowsRead: RowsRead = () => undefined,
): AsyncGenerator<UsableRow, { readonly leftOut: number }> {
  const unseen = new Set([mapping.textField, mapping.labelField]);
  let index = 0;
  let leftOut = 0;
  let reported = { rows: 0, at: performance.now() };
  for await (const { line, values } of readRows(source.name, source.format, await source.open())) {
    for (const field of unseen) if (Object.hasOwn(values, field)) unseen.delete(field);
    const text = cellText(values, mapping.textField, source.name, line);
    const label = cellText(values, mapping.labelField, source.name, line);
    if (performance.now() - reported.at >= reportIntervalMilliseconds) {
      const rows = index + leftOut + 1;
      rowsRead(rows - reported.rows);
      reported = { rows, at: performance.now() };
    }
    if (text.trim() === '' || label.trim() === '') {
      leftOut += 1;
    } else {
      yield { index, line, text, label };
      index += 1;
    }
  }
  for (const field of unseen) {
    throw new CodedError('dataset_column_missing', `Split ${source.name} has no column ${quote(field)}.`);
  }
  if (index === 0) {
    throw new CodedError(
      'dataset_split_empty',
      `All ${leftOut} rows of split ${source.name} lack text or label.`,
    );
  }
  return { leftOut };
}

/** A cell as text; an absent or null cell is empty. */
function cellText(
  values: Readonly<Record<string, CellValue>>,
  field: string,
  splitName: string,
  line: number,
): string {
  const value = Object.hasOwn(values, field) ? (values[field] ?? null) : null;
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  throw new CodedError('dataset_invalid', `Column ${quote(field)} of split ${splitName} has nested values.`, {
    problems: [{ path: `/${splitName}/line/${line}`, message: `has a list or an object in ${quote(field)}` }],
  });
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 60));
}
