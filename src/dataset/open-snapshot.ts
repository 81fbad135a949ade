// Reads a snapshot back. Everything after preparation reads the snapshot only.
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { v7 } from 'uuid';
import { CodedError } from '../error.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { openExampleFile } from '../text/example-file.ts';
import { targetKinds } from './encode-row.ts';
import {
  decodeSnapshotManifest,
  type SnapshotManifest,
  type SnapshotRow,
  type SnapshotSplit,
} from './snapshot-manifest.ts';

export interface OpenedSnapshot {
  readonly manifest: SnapshotManifest;
  /** The text of tokenizer.json. */
  tokenizerJson(): Promise<string>;
  /**
   * Copies a split's examples to this machine, where they are read from.
   *
   * @param directory of this machine; is made where it is missing.
   * @param onProgress called as the bytes come.
   */
  examples(split: SnapshotSplit, directory: string, onProgress?: () => void): Promise<LocalExamples>;
  rows(split: SnapshotSplit): AsyncGenerator<SnapshotRow>;
}

/** A file of examples on this machine, known to be what was stored. */
interface LocalExamples {
  /** What `openExampleFile` opens. */
  readonly path: string;
  /** The ids that they use, ascending. */
  readonly vocabulary: Int32Array;
}

/** @throws CodedError `blob_missing` or `blob_corrupt`, also when a part is read later. */
export async function openSnapshot(blobs: BlobStore, sha256: string): Promise<OpenedSnapshot> {
  const manifest = decodeSnapshotManifest(await blobs.bytes(sha256));
  return {
    manifest,
    tokenizerJson: () => blobs.text(manifest.tokenizer),
    async examples(split, directory, onProgress = () => undefined) {
      const path = join(directory, `${v7()}.examples`);
      try {
        return { path, vocabulary: await copyExamples(blobs, { manifest, split, path }, onProgress) };
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
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

/** @returns the ids that they use. */
async function copyExamples(
  blobs: BlobStore,
  { manifest, split, path }: { manifest: SnapshotManifest; split: SnapshotSplit; path: string },
  onProgress: () => void,
): Promise<Int32Array> {
  await mkdir(join(path, '..'), { recursive: true });
  const { examplesBlob, rows } = manifest.splits[split];
  await pipeline(
    await blobs.get(examplesBlob),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        onProgress();
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  const table = openExampleFile(path);
  table.close();
  if (table.count === rows && table.targetKind === targetKinds[manifest.task]) return table.vocabulary;
  throw new CodedError(
    'blob_corrupt',
    `The examples of split ${split} are not those that its manifest tells of.`,
  );
}
