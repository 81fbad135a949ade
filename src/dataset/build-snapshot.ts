// Makes the immutable snapshot of an experiment: rows, labels, tokenizer and examples, each a blob, named by one hash.
// The files are read twice (three times where a vocabulary is learned), so that at most a bit is held per row.
import { CodedError } from '../error.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { chooseSplits, type ChosenRows, type SplitMapping } from './choose-splits.ts';
import { usableRows, type RowsRead, type SplitSource, type UsableRow } from './column-mapping.ts';
import { rowEncoder, type RowTokenizer } from './encode-row.ts';
import { checkEvaluationLabels, LabelCensus, type LabelScheme } from './labels.ts';
import {
  encodeSnapshotManifest,
  snapshotFormatVersion,
  type HubSources,
  type SnapshotManifest,
} from './snapshot-manifest.ts';
import { writeSplit } from './snapshot-split.ts';

export interface SnapshotMapping extends SplitMapping {
  /** Tokens, special tokens included. */
  readonly maxSequenceLength: number;
}

export interface SnapshotTokenizer extends RowTokenizer {
  /** The text of tokenizer.json. */
  readonly tokenizerJson: string;
}

export interface SnapshotRequest {
  readonly splits: readonly SplitSource[];
  readonly mapping: SnapshotMapping;
  readonly blobs: BlobStore;
  /** Of this machine, for files that are gone when the snapshot is made. */
  readonly directory: string;
  /** Gives the tokenizer. One that is learned reads the chosen training texts for that. */
  prepareTokenizer(trainingTexts: AsyncIterable<string>): Promise<SnapshotTokenizer>;
  /** What was taken from a hub. */
  readonly sources?: HubSources;
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
 *   `labels_invalid`.
 */
export async function buildSnapshot(request: SnapshotRequest): Promise<BuiltSnapshot> {
  const { mapping, blobs, directory } = request;
  const labels = { train: new LabelCensus(), evaluation: new LabelCensus() };
  const chosen = await chooseSplits(request.splits, mapping, labels, request.rowsRead);
  const scheme = labels.train.scheme(mapping.task, chosen.train.source.name);
  checkEvaluationLabels(labels.evaluation, scheme, {
    train: chosen.train.source.name,
    evaluation: chosen.evaluation.source.name,
  });
  const tokenizer = await request.prepareTokenizer(textsOf(chosen.train, request));
  const encode = rowEncoder(scheme, tokenizer, mapping.maxSequenceLength);
  const write = (split: 'train' | 'evaluation') => {
    const { source, leftOut } = chosen[split];
    const onProgress = (): void => request.rowsRead?.(0);
    const writing = { split, scheme, encode, blobs, directory, onProgress };
    return writeSplit(takenRows(chosen[split], request), { name: source.name, leftOut }, writing);
  };
  const train = await write('train');
  checkVariety(scheme, train.labelCounts);
  const evaluation = await write('evaluation');
  const manifest: SnapshotManifest = {
    formatVersion: snapshotFormatVersion,
    task: scheme.task,
    columns: {
      text: mapping.textField,
      textPair: mapping.textPairField ?? null,
      label: mapping.labelField,
    },
    labels: scheme.names,
    tokenizer: await blobs.putBytes(Buffer.from(tokenizer.tokenizerJson, 'utf8')),
    preprocessing: { maxSequenceLength: mapping.maxSequenceLength },
    splits: { train, evaluation },
    sources: request.sources ?? { dataset: null, model: null },
  };
  const { sha256 } = await blobs.putBytes(encodeSnapshotManifest(manifest));
  return { sha256, manifest };
}

async function* takenRows(chosen: ChosenRows, request: SnapshotRequest): AsyncGenerator<UsableRow> {
  const takes = chosen.selection();
  for await (const row of usableRows(chosen.source, request.mapping, request.rowsRead)) {
    if (takes(row)) yield row;
  }
}

async function* textsOf(chosen: ChosenRows, request: SnapshotRequest): AsyncGenerator<string> {
  for await (const { text, textPair } of takenRows(chosen, request)) {
    yield text;
    if (textPair !== undefined) yield textPair;
  }
}

/** Rows that were chosen may have fewer labels than their split. */
function checkVariety({ task }: LabelScheme, labelCounts: readonly number[]): void {
  const isOfClasses = task === 'classification' || task === 'tokenClassification';
  if (!isOfClasses || labelCounts.filter((count) => count > 0).length > 1) return;
  throw new CodedError(
    'labels_invalid',
    'The training rows that were chosen have one label only; choose more rows, or cut them less.',
  );
}
