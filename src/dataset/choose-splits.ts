// Which rows of which splits an experiment trains and evaluates on.
import { CodedError } from '../error.ts';
import { usableRows, type ColumnMapping, type RowsRead, type SplitSource } from './column-mapping.ts';
import { defaultEvaluationSplit } from './evaluation-split.ts';
import type { LabelCensus } from './labels.ts';
import { chooseRows, contentKey, setAside } from './row-selection.ts';

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
  /** @param index of a {@link UsableRow}. */
  takes(index: number): boolean;
}

interface SplitLabels {
  readonly train: LabelCensus;
  /** Stays empty when the evaluation rows are set aside from the training split: their labels are that split's. */
  readonly evaluation: LabelCensus;
}

/**
 * Reads the splits once to count their usable rows and labels, and chooses.
 *
 * @throws CodedError `dataset_split_missing`, and what {@link usableRows} throws.
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
    return { source, leftOut, takes: chooseRows(usable, maximum, seedOf(mapping)) };
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
  const keys: number[] = [];
  const { leftOut } = await surveySplit(source, mapping, labels, rowsRead, (text) =>
    keys.push(contentKey(text)),
  );
  const isSetAside = setAside(keys, share);
  const choose = (wanted: boolean, maximum: number | undefined): ((index: number) => boolean) => {
    const rows = [...keys.keys()].filter((row) => isSetAside(row) === wanted);
    const takesPlace = chooseRows(rows.length, maximum, seedOf(mapping));
    const taken = new Uint8Array(keys.length);
    for (const [place, row] of rows.entries()) taken[row] = takesPlace(place) ? 1 : 0;
    return (index) => taken[index] === 1;
  };
  return {
    train: { source, leftOut, takes: choose(false, mapping.maxTrainSamples) },
    evaluation: { source, leftOut: 0, takes: choose(true, mapping.maxEvaluationSamples) },
  };
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
  seenText: (text: string) => void = () => undefined,
): Promise<{ readonly usable: number; readonly leftOut: number }> {
  const rows = usableRows(source, mapping, rowsRead);
  let usable = 0;
  for (;;) {
    const next = await rows.next();
    if (next.done === true) return { usable, leftOut: next.value.leftOut };
    usable += 1;
    labels.add(next.value.label);
    seenText(next.value.text);
  }
}
