// Which rows of which splits an experiment trains and evaluates on.
import { CodedError } from '../error.ts';
import {
  usableRows,
  type ColumnMapping,
  type RowsRead,
  type SplitSource,
  type UsableRow,
} from './column-mapping.ts';
import { defaultEvaluationSplit } from './evaluation-split.ts';
import type { LabelCensus } from './labels.ts';
import { chooseRows, ContentCensus, contentPlace } from './row-selection.ts';

export interface SplitMapping extends ColumnMapping {
  readonly trainSplit: string;
  /** Left out: {@link defaultEvaluationSplit}. */
  readonly evaluationSplit?: string | undefined;
  /** Instead of an evaluation split: the share of the training rows that is set aside, between 0 and 1. */
  readonly evaluationFraction?: number | undefined;
  readonly maxTrainSamples?: number | undefined;
  readonly maxEvaluationSamples?: number | undefined;
  readonly shuffleBeforeSelect: boolean;
  /** Of the random choice of rows. */
  readonly seed: number;
}

/** A split and which of its usable rows are taken. */
export interface ChosenRows {
  readonly source: SplitSource;
  readonly leftOut: number;
  /** Begins a pass: what it returns is to be asked about every usable row in the order of the file. */
  selection(): (row: UsableRow) => boolean;
}

interface SplitLabels {
  readonly train: LabelCensus;
  /** Stays empty when the evaluation rows are set aside from the training split: their labels are that split's. */
  readonly evaluation: LabelCensus;
}

/**
 * Reads the splits once to count their usable rows and labels, and chooses.
 *
 * @throws CodedError `dataset_split_missing`; `dataset_split_empty` where a share leaves a side without rows; what
 *   {@link usableRows} throws.
 */
export async function chooseSplits(
  splits: readonly SplitSource[],
  mapping: SplitMapping,
  labels: SplitLabels,
  rowsRead: RowsRead | undefined,
): Promise<{ readonly train: ChosenRows; readonly evaluation: ChosenRows }> {
  const train = namedSplit(splits, mapping.trainSplit);
  if (mapping.evaluationFraction !== undefined) {
    return setRowsAside(train, mapping, mapping.evaluationFraction, labels.train, rowsRead);
  }
  const names = splits.map(({ name }) => name);
  const evaluation = namedSplit(
    splits,
    mapping.evaluationSplit ?? defaultEvaluationSplit(names, mapping.trainSplit),
  );
  const choose = async (source: SplitSource, census: LabelCensus, maximum: number | undefined) => {
    const { usable, leftOut } = await surveySplit(source, mapping, census, rowsRead);
    const takes = chooseRows(usable, maximum, seedOf(mapping));
    return { source, leftOut, selection: () => (row: UsableRow) => takes(row.index) };
  };
  return {
    train: await choose(train, labels.train, mapping.maxTrainSamples),
    evaluation: await choose(evaluation, labels.evaluation, mapping.maxEvaluationSamples),
  };
}

async function setRowsAside(
  source: SplitSource,
  mapping: SplitMapping,
  share: number,
  labels: LabelCensus,
  rowsRead: RowsRead | undefined,
): Promise<{ readonly train: ChosenRows; readonly evaluation: ChosenRows }> {
  const census = new ContentCensus();
  const { leftOut } = await surveySplit(source, mapping, labels, rowsRead, (row) => {
    census.add(contentOf(row));
  });
  const { place, below, above } = census.shareBelow(share);
  if (below === 0) throw emptySide(`sets no row of split ${source.name} aside to evaluate on`, share);
  if (above === 0) throw emptySide(`leaves no row of split ${source.name} to train on`, share);
  const choose = (isAside: boolean, maximum: number | undefined): ChosenRows['selection'] => {
    const takes = chooseRows(isAside ? below : above, maximum, seedOf(mapping));
    return () => {
      let seen = 0;
      return (row) => {
        if (contentPlace(contentOf(row)) < place !== isAside) return false;
        seen += 1;
        return takes(seen - 1);
      };
    };
  };
  return {
    train: { source, leftOut, selection: choose(false, mapping.maxTrainSamples) },
    evaluation: { source, leftOut: 0, selection: choose(true, mapping.maxEvaluationSamples) },
  };
}

function emptySide(what: string, share: number): CodedError {
  return new CodedError(
    'dataset_split_empty',
    `evaluationFraction ${share} ${what}: copies of a text stay on one side, and there are too few different texts to divide.`,
  );
}

/** By this copies of a row are known, whatever their labels. */
function contentOf({ text, textPair }: UsableRow): string {
  return textPair === undefined ? text : JSON.stringify([text, textPair]);
}

function seedOf(mapping: SplitMapping): number | undefined {
  return mapping.shuffleBeforeSelect ? mapping.seed : undefined;
}

function namedSplit(splits: readonly SplitSource[], name: string): SplitSource {
  const found = splits.find((split) => split.name === name);
  if (found !== undefined) return found;
  const names = splits.map((split) => split.name).join(', ');
  throw new CodedError(
    'dataset_split_missing',
    `There is no split ${JSON.stringify(name)}; there are: ${names}.`,
  );
}

async function surveySplit(
  source: SplitSource,
  mapping: ColumnMapping,
  labels: LabelCensus,
  rowsRead: RowsRead | undefined,
  seen: (row: UsableRow) => void = () => undefined,
): Promise<{ readonly usable: number; readonly leftOut: number }> {
  const rows = usableRows(source, mapping, rowsRead);
  let usable = 0;
  for (;;) {
    const next = await rows.next();
    if (next.done === true) return { usable, leftOut: next.value.leftOut };
    usable += 1;
    for (const label of next.value.labels) labels.add(label);
    seen(next.value);
  }
}
