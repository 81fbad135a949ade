// Makes the immutable snapshot of an experiment: rows, labels, tokenizer and token ids, each a blob, named by one hash.
// The files are read more than once, so that no more than numbers are held per row.
import { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { BlobRef } from '../experiment/blob.ts';
import { chooseSplits, type ChosenRows, type SplitMapping } from './choose-splits.ts';
import { usableRows, type RowsRead, type SplitSource, type UsableRow } from './column-mapping.ts';
import { checkEvaluationLabels, LabelCensus } from './labels.ts';
import {
  encodeSnapshotManifest,
  type SnapshotManifest,
  type SnapshotSplitInfo,
} from './snapshot-manifest.ts';
import { encodeTokenTable, TokenTableBuilder } from './token-table.ts';

export interface SnapshotMapping extends SplitMapping {
  readonly task: 'auto' | 'classification';
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

/**
 * Builds a snapshot. The same input gives the same hash.
 *
 * @throws CodedError `dataset_split_missing`, `dataset_column_missing`, `dataset_split_empty`, `dataset_invalid`,
 *   `labels_invalid`, `not_supported` (a regression).
 */
export async function buildSnapshot(request: SnapshotRequest): Promise<BuiltSnapshot> {
  const { mapping, blobs } = request;
  const labels = { train: new LabelCensus(), evaluation: new LabelCensus() };
  const chosen = await chooseSplits(request.splits, mapping, labels, request.rowsRead);
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
