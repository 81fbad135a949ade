// Makes the examples of a bundle's snapshot again from its rows: training reads the examples, people the rows.
import { rowEncoder } from '../../src/dataset/encode-row.ts';
import type { UsableRow } from '../../src/dataset/column-mapping.ts';
import { openSnapshot } from '../../src/dataset/open-snapshot.ts';
import type { SnapshotManifest, SnapshotRow } from '../../src/dataset/snapshot-manifest.ts';
import { writeSplit } from '../../src/dataset/snapshot-split.ts';
import { CodedError } from '../../src/error.ts';
import type { DatasetSpec } from '../../src/experiment/spec.ts';
import { isDamage } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import type { Evidence } from './evidence.ts';
import { BundleDiffers } from './unpack-bundle.ts';

/**
 * @param directory of this machine, for the examples.
 * @throws BundleDiffers where the snapshot is not of the specification's columns, or its examples are not those of its rows.
 */
export async function checkSnapshot(
  { blobs, snapshotSha256, spec }: Evidence,
  directory: string,
): Promise<void> {
  const snapshot = await openSnapshot(blobs, snapshotSha256);
  const { manifest } = snapshot;
  checkColumns(manifest, spec.dataset);
  const { task, labels, preprocessing } = manifest;
  const scheme = { task, names: labels };
  try {
    const tokenizer = createTokenizer(await snapshot.tokenizerJson());
    const encode = rowEncoder(scheme, tokenizer, preprocessing.maxSequenceLength);
    for (const split of ['train', 'evaluation'] as const) {
      const kept = manifest.splits[split];
      const writing = { split, scheme, encode, blobs, directory, onProgress: () => undefined };
      const again = await writeSplit(usableRows(snapshot.rows(split)), kept, writing);
      if (canonicalJson(again) !== canonicalJson(kept))
        throw new BundleDiffers(`snapshot: the rows of split ${kept.name} are not those of its examples`);
    }
  } catch (error) {
    if (error instanceof BundleDiffers || isDamage(error) || isOfStorage(error)) throw error;
    throw new BundleDiffers('snapshot: its rows cannot be read', { cause: error });
  }
}

function checkColumns(manifest: SnapshotManifest, dataset: DatasetSpec): void {
  const { textField: text, textPairField: textPair, labelField: label, trainSplit, task } = dataset;
  const isOfSpecification =
    canonicalJson(manifest.columns) === canonicalJson({ text, textPair, label }) &&
    manifest.splits.train.name === trainSplit &&
    (task === 'auto' || task === manifest.task);
  if (!isOfSpecification)
    throw new BundleDiffers('snapshot: its columns, split or task are not those of specification.json');
}

async function* usableRows(rows: AsyncIterable<SnapshotRow>): AsyncGenerator<UsableRow> {
  let index = 0;
  for await (const { line, text, textPair, words, label } of rows) {
    const labels = Array.isArray(label) ? label : [label];
    yield { index, line, text, textPair, words, labels: labels.map(String) };
    index += 1;
  }
}

function isOfStorage(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'storage_unavailable';
}
