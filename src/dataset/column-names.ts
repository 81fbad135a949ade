// The names that the columns of a file may have.
import { datasetLimits } from './limits.ts';
import type { RowProblems } from './row-problems.ts';
import { quoted } from '../json/quoted.ts';

/**
 * A column that is named twice, or a header that is too wide, makes every row after it meaningless.
 *
 * @param line that the names stand in.
 * @throws CodedError `dataset_invalid`.
 */
export function checkColumnNames(line: number, columns: readonly string[], problems: RowProblems): void {
  if (columns.length > datasetLimits.columns)
    problems.fail(line, `has over ${datasetLimits.columns} columns`);
  const seen = new Set<string>();
  for (const column of columns) {
    if (column === '') problems.fail(line, 'has a column without a name');
    if (column.length > datasetLimits.columnNameCharacters) {
      problems.fail(line, `has a column name of over ${datasetLimits.columnNameCharacters} characters`);
    }
    if (seen.has(column)) problems.fail(line, `names the column ${quoted(column)} twice`);
    seen.add(column);
  }
}
