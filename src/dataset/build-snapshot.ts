// Makes the immutable snapshot of an experiment: rows, labels, tokenizer and token ids, each a blob, named by one hash.
// The files are read more than once, so that no more than numbers are held per row.
import { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import type { BlobRef, BlobStore } from '../storage/blob-store.ts';
import {
  usableRows,
  type ColumnMapping,
  type RowsRead,
  type SplitSource,
  type UsableRow,
} from './column-mapping.ts';
import { checkEvaluationLabels, LabelCensus } from './labels.ts';
import { chooseRows, contentKey, setAside } from './row-selection.ts';
import {
  encodeSnapshotManifest,
  type SnapshotManifest,
  type SnapshotSplitInfo,
} from './snapshot-manifest.ts';
import { encodeTokenTable, TokenTableBuilder } from './token-table.ts';

export interface SnapshotMapping extends ColumnMapping {
  readonly task: 'auto' | 'classification';
  readonly trainSplit: string;
  /** Left out: the first there is of `validation`, `dev`, `test`. */
  readonly evaluationSplit?: string | undefined;
  /** Instead of an evaluation split: the share of the training rows that is set aside, between 0 and 1. */
  readonly evaluationFraction?: number | undefined;
  readonly maxTrainSamples?: number | undefined;
  readonly maxEvaluationSamples?: number | undefined;
  readonly shuffleBeforeSelect: boolean;
  readonly seed: number;
  /** Tokens, special tokens included. */
  readonly maxSequenceLength: number;
}

export interface SnapshotTokenizer {
  /** The text of tokenizer.json. */
  readonly tokenizerJson: string;
  encode(text: string, maximumLength: number): readonly number[];
}

export interface SnapshotRequest {
  readonly splits: readonly SplitSource[];
  readonly mapping: SnapshotMapping;
  readonly blobs: BlobStore;
  /** Gives the tokenizer. One that is learned reads the chosen training texts for that. */
  prepareTokenizer(trainingTexts: AsyncIterable<string>): Promise<SnapshotTokenizer>;
  /** For heartbeats, and to stop by throwing. */
  readonly rowsRead?: RowsRead;
}

export interface BuiltSnapshot {
  readonly sha256: string;
  readonly manifest: SnapshotManifest;
}

const defaultEvaluationSplits = ['validation', 'dev', 'test'];

/** A split and which of its usable rows are taken. */
interface ChosenRows {
  readonly source: SplitSource;
  readonly leftOut: number;
  takes(index: number): boolean;
}

/**
 * Builds a snapshot. The same input gives the same hash.
 *
 * @throws CodedError `dataset_split_missing`, `dataset_column_missing`, `dataset_split_empty`, `dataset_invalid`,
 *   `labels_invalid`, `not_supported` (a regression).
 */
export async function buildSnapshot(request: SnapshotRequest): Promise<BuiltSnapshot> {
  const { mapping, blobs } = request;
  const labels = { train: new LabelCensus(), evaluation: new LabelCensus() };
  const chosen = await chooseSplits(request, labels);
  const classNames = labels.train.classNames(mapping.task, chosen.train.source.name);
  checkEvaluationLabels(labels.evaluation, classNames, {
    train: chosen.train.source.name,
    evaluation: chosen.evaluation.source.name,
  });
  const tokenizer = await request.prepareTokenizer(textsOf(chosen.train, request));
  const train = await writeSplit(chosen.train, request, tokenizer, classNames);
  if (train.classes < 2) {
    throw new CodedError(
      'labels_invalid',
      'The training rows that were chosen have one label only; choose more rows.',
    );
  }
  const evaluation = await writeSplit(chosen.evaluation, request, tokenizer, classNames);
  const manifest: SnapshotManifest = {
    formatVersion: 1,
    task: 'classification',
    columns: { text: mapping.textField, label: mapping.labelField },
    labels: classNames,
    tokenizer: await blobs.putBytes(Buffer.from(tokenizer.tokenizerJson, 'utf8')),
    preprocessing: { maxSequenceLength: mapping.maxSequenceLength },
    splits: { train: train.info, evaluation: evaluation.info },
  };
  const { sha256 } = await blobs.putBytes(encodeSnapshotManifest(manifest));
  return { sha256, manifest };
}

async function chooseSplits(
  request: SnapshotRequest,
  labels: { readonly train: LabelCensus; readonly evaluation: LabelCensus },
): Promise<{ train: ChosenRows; evaluation: ChosenRows }> {
  const { splits, mapping } = request;
  const seed = mapping.shuffleBeforeSelect ? mapping.seed : undefined;
  const train = namedSplit(splits, mapping.trainSplit);
  if (mapping.evaluationFraction !== undefined) {
    const keys: number[] = [];
    const survey = await surveySplit(train, request, labels.train, (text) => keys.push(contentKey(text)));
    const isSetAside = setAside(keys, mapping.evaluationFraction);
    const part = (wanted: boolean, maximum: number | undefined): ((row: number) => boolean) => {
      const places = Uint32Array.from(partPlaces(keys.length, (row) => isSetAside(row) === wanted));
      const count = keys.reduce((sum, _, row) => sum + (isSetAside(row) === wanted ? 1 : 0), 0);
      const takes = chooseRows(count, maximum, seed);
      return (row) => isSetAside(row) === wanted && takes(places[row] ?? 0);
    };
    return {
      train: { source: train, leftOut: survey.leftOut, takes: part(false, mapping.maxTrainSamples) },
      evaluation: { source: train, leftOut: 0, takes: part(true, mapping.maxEvaluationSamples) },
    };
  }
  const evaluation = evaluationSplit(splits, mapping.evaluationSplit);
  const trainSurvey = await surveySplit(train, request, labels.train);
  const evaluationSurvey = await surveySplit(evaluation, request, labels.evaluation);
  return {
    train: {
      source: train,
      leftOut: trainSurvey.leftOut,
      takes: chooseRows(trainSurvey.usable, mapping.maxTrainSamples, seed),
    },
    evaluation: {
      source: evaluation,
      leftOut: evaluationSurvey.leftOut,
      takes: chooseRows(evaluationSurvey.usable, mapping.maxEvaluationSamples, seed),
    },
  };
}

/** For each row its place among those of its part. */
function* partPlaces(count: number, isInPart: (row: number) => boolean): Generator<number> {
  let place = 0;
  for (let row = 0; row < count; row += 1) {
    yield place;
    if (isInPart(row)) place += 1;
  }
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

function evaluationSplit(splits: readonly SplitSource[], name: string | undefined): SplitSource {
  if (name !== undefined) return namedSplit(splits, name);
  for (const usual of defaultEvaluationSplits) {
    const found = splits.find((split) => split.name === usual);
    if (found !== undefined) return found;
  }
  throw new CodedError(
    'dataset_split_missing',
    `There is no split ${defaultEvaluationSplits.join(', ')} to evaluate on.`,
  );
}

async function surveySplit(
  source: SplitSource,
  request: SnapshotRequest,
  labels: LabelCensus,
  seenText: (text: string) => void = () => undefined,
): Promise<{ usable: number; leftOut: number }> {
  const rows = usableRows(source, request.mapping, request.rowsRead);
  let usable = 0;
  for (;;) {
    const next = await rows.next();
    if (next.done === true) return { usable, leftOut: next.value.leftOut };
    usable += 1;
    labels.add(next.value.label);
    seenText(next.value.text);
  }
}

async function* takenRows(chosen: ChosenRows, request: SnapshotRequest): AsyncGenerator<UsableRow> {
  for await (const row of usableRows(chosen.source, request.mapping, request.rowsRead)) {
    if (chosen.takes(row.index)) yield row;
  }
}

async function* textsOf(chosen: ChosenRows, request: SnapshotRequest): AsyncGenerator<string> {
  for await (const { text } of takenRows(chosen, request)) yield text;
}

async function writeSplit(
  chosen: ChosenRows,
  request: SnapshotRequest,
  tokenizer: SnapshotTokenizer,
  classNames: readonly string[],
): Promise<{ info: SnapshotSplitInfo; classes: number }> {
  const { blobs, mapping } = request;
  const labelIds = new Map(classNames.map((name, id) => [name, id]));
  const table = new TokenTableBuilder();
  async function* lines(): AsyncGenerator<string> {
    let row = 0;
    for await (const { line, text, label } of takenRows(chosen, request)) {
      table.add(tokenizer.encode(text, mapping.maxSequenceLength), labelIds.get(label) ?? 0);
      yield `${JSON.stringify({ row, line, text, label })}\n`;
      row += 1;
    }
  }
  const rowsBlob: BlobRef = await blobs.putStream(Readable.from(lines(), { objectMode: false }));
  const tokens = table.finish();
  if (tokens.labels.length === 0) {
    throw new CodedError('dataset_split_empty', `No row of split ${chosen.source.name} was chosen.`);
  }
  const info = {
    name: chosen.source.name,
    rows: tokens.labels.length,
    tokens: tokens.examples.tokenIds.length,
    leftOut: chosen.leftOut,
    rowsBlob,
    tokensBlob: await blobs.putBytes(encodeTokenTable(tokens)),
  };
  return { info, classes: new Set(tokens.labels).size };
}
