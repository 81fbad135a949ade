// Reads a whole split once, to know that every row can be read and to show what is in it.
import type { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import { datasetLimits } from './limits.ts';
import { readRows, type CellValue, type SplitFormat } from './rows.ts';

export interface InspectedSplit {
  readonly rows: number;
  /** In the order of the header, or of their first appearance in JSON lines. */
  readonly columns: readonly string[];
  /** The first rows; long strings are cut, nested values are shown as JSON. */
  readonly sample: readonly Readonly<Record<string, string | number | boolean | null>>[];
}

/** @throws CodedError `dataset_invalid` with the first 20 wrong lines. */
export async function inspectSplit(
  splitName: string,
  format: SplitFormat,
  stream: Readable,
): Promise<InspectedSplit> {
  const columns = new Set<string>();
  const sample: Record<string, string | number | boolean | null>[] = [];
  let rows = 0;
  for await (const { line, values } of readRows(splitName, format, stream)) {
    rows += 1;
    for (const column of Object.keys(values)) {
      if (column.length > datasetLimits.columnNameCharacters) {
        throw refused(
          splitName,
          line,
          `has a column name of over ${datasetLimits.columnNameCharacters} characters`,
        );
      }
      columns.add(column);
    }
    if (columns.size > datasetLimits.columns) {
      throw refused(splitName, line, `brings the columns over ${datasetLimits.columns}`);
    }
    if (sample.length < datasetLimits.sampleRows) {
      sample.push(
        Object.fromEntries(Object.entries(values).map(([column, value]) => [column, shown(value)])),
      );
    }
  }
  return { rows, columns: [...columns], sample };
}

function refused(splitName: string, line: number, message: string): CodedError {
  return new CodedError('dataset_invalid', `Split ${splitName}: line ${line}: ${message}.`, {
    problems: [{ path: `/${splitName}/line/${line}`, message }],
  });
}

function shown(value: CellValue): string | number | boolean | null {
  if (typeof value === 'object') return value === null ? null : cut(JSON.stringify(value));
  return typeof value === 'string' ? cut(value) : value;
}

function cut(text: string): string {
  if (text.length <= datasetLimits.sampleValueCharacters) return text;
  // Not between the halves of a surrogate pair.
  return `${text.slice(0, datasetLimits.sampleValueCharacters).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
