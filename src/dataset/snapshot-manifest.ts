// What a snapshot is: everything that training and evaluation read, named by hashes in one immutable object.
import { CodedError } from '../error.ts';
import type { BlobRef } from '../experiment/blob.ts';
import type { DatasetTask } from '../experiment/spec.ts';
import { isBlobRef } from '../storage/blob-store.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import { isJsonObject } from '../json/json-object.ts';

/** The version that this code writes; it reads this one only. */
export const snapshotFormatVersion = 2;

export type SnapshotSplit = 'train' | 'evaluation';

export interface SnapshotSplitInfo {
  /** The split of the dataset that the rows come from. */
  readonly name: string;
  readonly rows: number;
  /** Special tokens included. */
  readonly tokens: number;
  /** Tokens of the longest example. */
  readonly longest: number;
  /**
   * By class: rows; of a multi-label task the rows that have it; of words the tokens that carry it. Empty for a regression.
   */
  readonly labelCounts: readonly number[];
  /** Rows without text or label, of those that were looked at. */
  readonly leftOut: number;
  /** JSON lines of {@link SnapshotRow}. */
  readonly rowsBlob: BlobRef;
  /** A file of examples. */
  readonly examplesBlob: BlobRef;
}

export interface SnapshotRow {
  /** The place in the split of the snapshot, from 0: the number of its example. */
  readonly row: number;
  /** The line of the uploaded file; of Parquet, which has none, the row, from 1. */
  readonly line: number;
  /** Of words, these with spaces between. */
  readonly text: string;
  readonly textPair?: string;
  readonly words?: readonly string[];
  /** The name of the class, the number of a regression, the names of a multi-label row, or the name for each word. */
  readonly label: string | number | readonly string[];
}

/** Where something came from: the commit makes it the same bytes for ever. */
export interface HubSource {
  readonly repository: string;
  readonly commit: string;
}

/** A model also by its files, which training reads. */
export interface HubModelSource extends HubSource {
  readonly blobs: { readonly config: BlobRef; readonly tokenizer: BlobRef; readonly weights: BlobRef };
}

export interface HubSources {
  readonly dataset: HubSource | null;
  readonly model: HubModelSource | null;
}

export interface SnapshotManifest {
  readonly formatVersion: typeof snapshotFormatVersion;
  readonly task: DatasetTask;
  readonly columns: { readonly text: string; readonly textPair: string | null; readonly label: string };
  /** Class names; a label is the place of its name. None for a regression. */
  readonly labels: readonly string[];
  /** tokenizer.json. */
  readonly tokenizer: BlobRef;
  readonly preprocessing: { readonly maxSequenceLength: number };
  readonly splits: Readonly<Record<SnapshotSplit, SnapshotSplitInfo>>;
  readonly sources: HubSources;
}

/** Canonical JSON in UTF-8. The snapshot's name is the hash of these bytes. */
export function encodeSnapshotManifest(manifest: SnapshotManifest): Uint8Array {
  return Buffer.from(canonicalJson(manifest), 'utf8');
}

/** @throws CodedError `blob_corrupt` for bytes that are not a manifest of a version that this code reads. */
export function decodeSnapshotManifest(bytes: Uint8Array): SnapshotManifest {
  const value = parse(bytes);
  if (isManifest(value)) return value;
  throw new CodedError('blob_corrupt', `A snapshot is not of format version ${snapshotFormatVersion}.`);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Whatever is wrong with the text, it is no manifest.
    return undefined;
  }
}

function isManifest(value: unknown): value is SnapshotManifest {
  return (
    isJsonObject(value) &&
    value['formatVersion'] === snapshotFormatVersion &&
    Array.isArray(value['labels']) &&
    isBlobRef(value['tokenizer']) &&
    isJsonObject(value['preprocessing']) &&
    isJsonObject(value['splits']) &&
    isSplitInfo(value['splits']['train']) &&
    isSplitInfo(value['splits']['evaluation'])
  );
}

function isSplitInfo(value: unknown): boolean {
  return (
    isJsonObject(value) &&
    Number.isInteger(value['rows']) &&
    isBlobRef(value['rowsBlob']) &&
    Number.isInteger(value['longest']) &&
    Array.isArray(value['labelCounts']) &&
    isBlobRef(value['examplesBlob'])
  );
}
