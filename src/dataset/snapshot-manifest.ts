// What a snapshot is: everything that training and evaluation read, named by hashes in one immutable object.
import { CodedError } from '../error.ts';
import { isBlobRef } from '../storage/blob-store.ts';
import type { BlobRef } from '../experiment/blob.ts';
import { canonicalJson } from '../storage/canonical-json.ts';

/** The version that this code writes; it reads this one only. */
const snapshotFormatVersion = 1;

export type SnapshotSplit = 'train' | 'evaluation';

export interface SnapshotSplitInfo {
  /** The split of the dataset that the rows come from. */
  readonly name: string;
  readonly rows: number;
  readonly tokens: number;
  /** Rows without text or label, of those that were looked at. */
  readonly leftOut: number;
  /** JSON lines of `{ row, line, text, label }`. */
  readonly rowsBlob: BlobRef;
  /** See token-table.ts. */
  readonly tokensBlob: BlobRef;
}

export interface SnapshotManifest {
  readonly formatVersion: 1;
  readonly task: 'classification';
  readonly columns: { readonly text: string; readonly label: string };
  /** Class names; a label is the place of its name. */
  readonly labels: readonly string[];
  /** tokenizer.json. */
  readonly tokenizer: BlobRef;
  readonly preprocessing: { readonly maxSequenceLength: number };
  readonly splits: Readonly<Record<SnapshotSplit, SnapshotSplitInfo>>;
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
    isRecord(value) &&
    value['formatVersion'] === snapshotFormatVersion &&
    Array.isArray(value['labels']) &&
    isBlobRef(value['tokenizer']) &&
    isRecord(value['preprocessing']) &&
    isRecord(value['splits']) &&
    isSplitInfo(value['splits']['train']) &&
    isSplitInfo(value['splits']['evaluation'])
  );
}

function isSplitInfo(value: unknown): boolean {
  return (
    isRecord(value) &&
    Number.isInteger(value['rows']) &&
    isBlobRef(value['rowsBlob']) &&
    isBlobRef(value['tokensBlob'])
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
