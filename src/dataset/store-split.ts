// Stores a split that is brought from elsewhere: one file as it is, several as the JSON lines of their rows.
import { Readable } from 'node:stream';
import type { BlobRef } from '../experiment/blob.ts';
import { sha256Of, type BlobStore } from '../storage/blob-store.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import { inspectSplit, type InspectedSplit } from './inspect-split.ts';
import { readRows, type SplitFormat } from './rows.ts';

export interface SplitFile {
  readonly format: SplitFormat;
  open(): Readable;
}

export interface StoredSplit extends InspectedSplit {
  readonly format: SplitFormat;
  readonly blob: BlobRef;
}

/** Lines go to the store in pieces of about this many characters. */
const pieceCharacters = 64 * 1024;

/**
 * Stores the files of one split and reads them through.
 *
 * @param onProgress called as bytes come; what it throws ends the storing.
 * @throws CodedError `dataset_invalid`, and what breaks the files.
 */
export async function storeSplit(
  blobs: BlobStore,
  name: string,
  files: readonly SplitFile[],
  onProgress: () => void,
): Promise<StoredSplit> {
  const [first] = files;
  const isOne = files.length === 1 && first !== undefined;
  const format = isOne ? first.format : 'jsonl';
  const content = isOne ? first.open() : linesOf(name, files);
  const blob = await blobs.putStream(Readable.from(content, { objectMode: false }), { onProgress });
  const inspected = await inspectSplit(name, format, await blobs.get(blob));
  return { format, ...inspected, blob };
}

async function* linesOf(name: string, files: readonly SplitFile[]): AsyncGenerator<string> {
  let piece = '';
  for (const file of files) {
    for await (const { values } of readRows(name, file.format, file.open())) {
      piece += `${JSON.stringify(values)}\n`;
      if (piece.length < pieceCharacters) continue;
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') yield piece;
}

/** What a dataset of these splits is known by: the hash of the same bytes in the same format, and their size. */
export function contentOf<Split extends { readonly format: SplitFormat; readonly blob: BlobRef }>(
  splits: Readonly<Record<string, Split>>,
) {
  const content = Object.entries(splits).map(([name, { format, blob }]) => [name, [format, blob.sha256]]);
  return {
    sha256: sha256Of(canonicalJson(Object.fromEntries(content))),
    sizeBytes: Object.values(splits).reduce((sum, { blob }) => sum + blob.sizeBytes, 0),
    splits,
  };
}
