// Writes one split of a snapshot: its rows as they were read, and its examples as a model reads them.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { ExampleFileWriter } from '../text/example-file.ts';
import type { UsableRow } from './column-mapping.ts';
import { targetKinds, type EncodedRow } from './encode-row.ts';
import { LabelCounts } from './label-counts.ts';
import type { LabelScheme } from './labels.ts';
import type { SnapshotRow, SnapshotSplit, SnapshotSplitInfo } from './snapshot-manifest.ts';

/** Lines go to the store in pieces of about this many characters. */
const pieceCharacters = 64 * 1024;

export interface SplitWriting {
  readonly split: SnapshotSplit;
  readonly scheme: LabelScheme;
  readonly encode: (row: UsableRow) => EncodedRow | undefined;
  readonly blobs: BlobStore;
  /** Where the examples wait until they are stored. */
  readonly directory: string;
  /** Called as rows and examples are stored. */
  readonly onProgress: () => void;
}

/**
 * @param from the split, and how many of its rows were left out before.
 * @throws CodedError `dataset_split_empty` where no row is left; what the rows throw.
 */
export async function writeSplit(
  rows: AsyncIterable<UsableRow>,
  from: { readonly name: string; readonly leftOut: number },
  { split, scheme, encode, blobs, directory, onProgress }: SplitWriting,
): Promise<SnapshotSplitInfo> {
  const path = join(directory, `${split}.examples`);
  const examples = new ExampleFileWriter(path, targetKinds[scheme.task]);
  const counts = new LabelCounts(scheme);
  let leftOut = from.leftOut;
  async function* pieces(): AsyncGenerator<string> {
    let piece = '';
    let row = 0;
    for await (const used of rows) {
      const encoded = encode(used);
      if (encoded === undefined) {
        leftOut += 1;
        continue;
      }
      examples.add(encoded.example);
      counts.add(encoded.example.targets);
      piece += `${JSON.stringify(storedRow(row, encoded.row, scheme))}\n`;
      row += 1;
      if (piece.length < pieceCharacters) continue;
      yield piece;
      piece = '';
    }
    yield piece;
  }
  try {
    const rowsBlob = await blobs.putStream(Readable.from(pieces(), { objectMode: false }), { onProgress });
    const { count, tokens, longest } = examples.finish();
    if (count === 0)
      throw new CodedError(
        'dataset_split_empty',
        `No row chosen of split ${from.name} has a word of which the tokenizer leaves anything.`,
      );
    return {
      name: from.name,
      leftOut,
      rows: count,
      tokens,
      longest,
      labelCounts: counts.values,
      rowsBlob,
      examplesBlob: await blobs.putStream(createReadStream(path), { onProgress }),
    };
  } finally {
    examples.abandon();
  }
}

function storedRow(
  row: number,
  { line, text, textPair, words, labels }: UsableRow,
  { task }: LabelScheme,
): SnapshotRow {
  const [first = ''] = labels;
  const label = {
    classification: first,
    regression: Number(first),
    multiLabel: labels,
    tokenClassification: labels,
  };
  return {
    row,
    line,
    text,
    ...(textPair !== undefined && { textPair }),
    ...(words && { words }),
    label: label[task],
  };
}
