// Reads a snapshot back. Everything after preparation reads the snapshot only.
import { CodedError } from '../error.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { decodeSnapshotManifest, type SnapshotManifest, type SnapshotSplit } from './snapshot-manifest.ts';
import { decodeTokenTable, type TokenTable } from './token-table.ts';

interface SnapshotRow {
  /** The place in the split of the snapshot, from 0: the row of the token table. */
  readonly row: number;
  /** The line of the uploaded file. */
  readonly line: number;
  readonly text: string;
  /** The name of the class. */
  readonly label: string;
}

export interface OpenedSnapshot {
  readonly manifest: SnapshotManifest;
  /** The text of tokenizer.json. */
  tokenizerJson(): Promise<string>;
  /** @param onProgress called as the tokens come. */
  examples(split: SnapshotSplit, onProgress?: () => void): Promise<TokenTable>;
  rows(split: SnapshotSplit): AsyncGenerator<SnapshotRow>;
}

/** @throws CodedError `blob_missing` or `blob_corrupt`, also when a part is read later. */
export async function openSnapshot(blobs: BlobStore, sha256: string): Promise<OpenedSnapshot> {
  const manifest = decodeSnapshotManifest(await blobs.bytes(sha256));
  return {
    manifest,
    tokenizerJson: async () => Buffer.from(await blobs.bytes(manifest.tokenizer)).toString('utf8'),
    async examples(split, onProgress) {
      const { tokensBlob, rows } = manifest.splits[split];
      const table = decodeTokenTable(await blobs.bytes(tokensBlob, onProgress));
      if (table.labels.length !== rows) {
        throw new CodedError(
          'blob_corrupt',
          `The tokens of split ${split} are not as many rows as its manifest says.`,
        );
      }
      return table;
    },
    async *rows(split) {
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of (await blobs.get(
        manifest.splits[split].rowsBlob,
      )) as AsyncIterable<Uint8Array>) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield JSON.parse(line) as SnapshotRow; // Written by buildSnapshot, checked by its hash.
      }
    },
  };
}
