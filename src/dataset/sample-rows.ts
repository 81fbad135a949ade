// Some rows of a split, spread over its file, for an estimate: they stand for all, so that nobody waits for a whole pass.
import { usableRows, type ColumnMapping, type SplitSource, type UsableRow } from './column-mapping.ts';
import { LabelCensus } from './labels.ts';

/** Rows that are looked at closely, and rows of the file that are read at most to find them. */
const sampleLimits = { rows: 2_000, rowsRead: 200_000, textCharacters: 20_000 } as const;

export interface RowSample {
  readonly rows: readonly UsableRow[];
  /** Of the split; beyond what was read it is a guess by the share so far. */
  readonly usableRows: number;
  /** Whether all rows were read, so that labels and counts are those of the split. */
  readonly isWhole: boolean;
  readonly labels: LabelCensus;
  /** Rows read of each label; of a row with several labels each counts. */
  readonly labelCounts: ReadonlyMap<string, number>;
}

/** Long texts are cut by tokens later; what is beyond this many characters is cut anyway. */
function shortened(row: UsableRow): UsableRow {
  const { text, textPair } = row;
  return {
    ...row,
    text: text.slice(0, sampleLimits.textCharacters),
    textPair: textPair?.slice(0, sampleLimits.textCharacters),
  };
}

/**
 * Reads a split, or its first rows where it is long, and keeps every n-th. The same file gives the same sample.
 *
 * @param fileRows rows of the file, those without text or label included.
 * @throws CodedError what {@link usableRows} throws.
 */
export async function sampleRows(
  source: SplitSource,
  mapping: ColumnMapping,
  fileRows: number,
): Promise<RowSample> {
  const stride = Math.max(1, Math.ceil(Math.min(fileRows, sampleLimits.rowsRead) / sampleLimits.rows));
  const rows: UsableRow[] = [];
  const labels = new LabelCensus();
  const labelCounts = new Map<string, number>();
  let seen = 0;
  const sample = (usable: number, isWhole: boolean): RowSample => ({
    rows,
    usableRows: usable,
    isWhole,
    labels,
    labelCounts,
  });
  for await (const row of usableRows(source, mapping)) {
    if (seen === sampleLimits.rowsRead) return sample(fileRows, false);
    if (seen % stride === 0) rows.push(shortened(row));
    seen += 1;
    for (const label of row.labels) {
      labels.add(label);
      labelCounts.set(label, (labelCounts.get(label) ?? 0) + 1);
    }
  }
  return sample(seen, true);
}
