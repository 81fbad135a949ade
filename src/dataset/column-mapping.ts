// Which columns hold text and label, and what of a split can be used under that mapping.
import type { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import type { AskedTask } from '../experiment/spec.ts';
import { namesOf, wordsOf } from './label-cell.ts';
import { numberProblem } from './number-problem.ts';
import { readRows, type CellValue, type Row, type SplitFormat } from './rows.ts';
import { quoted } from '../json/quoted.ts';

/** A split of a dataset whose file can be read more than once. */
export interface SplitSource {
  readonly name: string;
  readonly format: SplitFormat;
  open(): Promise<Readable>;
}

export interface ColumnMapping {
  readonly textField: string;
  /** Of the second text, where rows are pairs. */
  readonly textPairField?: string | undefined;
  readonly labelField: string;
  /** Decides how cells are read: a label is one name or number, a list of names, or a list of one a word. */
  readonly task: AskedTask;
}

/** A row with text and label. */
export interface UsableRow {
  /** Counts the usable rows of the split from 0. */
  readonly index: number;
  readonly line: number;
  readonly text: string;
  readonly textPair: string | undefined;
  /** The words of the text where each has a label of its own. */
  readonly words: readonly string[] | undefined;
  /** One; of a multi-label row any number; of a row of words as many as there are words. */
  readonly labels: readonly string[];
}

/** Called now and then with the number of rows read since the last call; what it throws ends the reading. */
export type RowsRead = (rows: number) => void;

const reportIntervalMilliseconds = 1_000;

/** What whoever left the task to be found out has to be told of a list. */
const listProblem =
  'has a list, which only the tasks multiLabel (a list of labels) and tokenClassification (a list of words, one of their ' +
  'labels) read: set dataset.task to one of them; it is';

/**
 * The rows of a split that have both text and label; returns how many have not.
 *
 * @throws CodedError `dataset_column_missing` when no row has the column, `dataset_split_empty` when no row is usable,
 *   `dataset_invalid` for what cannot be read, for nested values where the task takes none, for words and labels that are not
 *   as many, and for numbers that are not kept as they were written.
 */
export async function* usableRows(
  source: SplitSource,
  mapping: ColumnMapping,
  rowsRead: RowsRead = () => undefined,
): AsyncGenerator<UsableRow, { readonly leftOut: number }> {
  const { textField, textPairField = textField, labelField } = mapping;
  const unseen = new Set([textField, textPairField, labelField]);
  let index = 0;
  let leftOut = 0;
  let reported = { rows: 0, at: performance.now() };
  for await (const row of readRows(source.name, source.format, await source.open())) {
    for (const field of unseen) if (Object.hasOwn(row.values, field)) unseen.delete(field);
    const used = new RowCells(row, source.name).read(mapping);
    if (performance.now() - reported.at >= reportIntervalMilliseconds) {
      const rows = index + leftOut + 1;
      rowsRead(rows - reported.rows);
      reported = { rows, at: performance.now() };
    }
    if (used === undefined) {
      leftOut += 1;
    } else {
      yield { index, line: row.line, ...used };
      index += 1;
    }
  }
  for (const field of unseen) {
    throw new CodedError('dataset_column_missing', `Split ${source.name} has no column ${quoted(field)}.`);
  }
  if (index === 0) {
    throw new CodedError(
      'dataset_split_empty',
      `All ${leftOut} rows of split ${source.name} lack text or label.`,
    );
  }
  return { leftOut };
}

type UsedCells = Omit<UsableRow, 'index' | 'line'>;

/** The cells of one row as the task reads them. */
class RowCells {
  readonly #row: Row;
  readonly #splitName: string;

  constructor(row: Row, splitName: string) {
    this.#row = row;
    this.#splitName = splitName;
  }

  /** @returns `undefined` when text or label are empty. */
  read(mapping: ColumnMapping): UsedCells | undefined {
    const { textField, textPairField, labelField, task } = mapping;
    if (task === 'tokenClassification') return this.#words(textField, labelField);
    const text = this.#text(textField);
    const textPair = textPairField === undefined ? undefined : this.#text(textPairField);
    const labels =
      task === 'multiLabel' ? this.#names(labelField) : this.#name(labelField, task === 'regression');
    if (labels === undefined || text.trim() === '' || textPair?.trim() === '') return undefined;
    return { text, textPair, words: undefined, labels };
  }

  #words(textField: string, labelField: string): UsedCells | undefined {
    const words = wordsOf(this.#value(textField));
    const labels = wordsOf(this.#value(labelField));
    if (words === null) throw this.#invalid(textField, 'has no list of words');
    if (labels === null) throw this.#invalid(labelField, 'has no list of labels');
    if (words === undefined || labels === undefined) return undefined;
    if (words.length !== labels.length)
      throw this.#invalid(labelField, `has ${labels.length} labels for ${words.length} words`);
    return { text: words.join(' '), textPair: undefined, words, labels };
  }

  #name(field: string, isMeasured: boolean): readonly string[] | undefined {
    const label = this.#text(field, isMeasured);
    return label.trim() === '' ? undefined : [label];
  }

  #names(field: string): readonly string[] | undefined {
    const names = namesOf(this.#value(field));
    if (names === null) throw this.#invalid(field, 'has no list of names');
    return names;
  }

  /** A cell as text; an absent or null cell is empty. */
  #text(field: string, isMeasured = false): string {
    const value = this.#value(field, isMeasured);
    if (typeof value === 'string') return value;
    if (value === null) return '';
    if (typeof value !== 'object') return String(value);
    throw this.#invalid(field, Array.isArray(value) ? listProblem : 'has an object');
  }

  /** @param isMeasured whether the cell is a number whose last digits do not matter. */
  #value(field: string, isMeasured = false): CellValue {
    const { values } = this.#row;
    const value = Object.hasOwn(values, field) ? (values[field] ?? null) : null;
    const problem = numberProblem(value, isMeasured);
    if (problem !== undefined) throw this.#invalid(field, problem);
    return value;
  }

  #invalid(field: string, problem: string): CodedError {
    const { line } = this.#row;
    const message = `${problem} in ${quoted(field)}`;
    return new CodedError('dataset_invalid', `Split ${this.#splitName}: line ${line}: ${message}.`, {
      problems: [{ path: `/${this.#splitName}/line/${line}`, message }],
    });
  }
}
