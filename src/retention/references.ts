// What refers to what in the object store: from rows to blobs and manifests, and from these to further blobs. Everything that
// keeps, collects or checks objects goes by this file.
//
//   dataset     -> the file of each split
//   model       -> configuration, tokenizer, weights
//   experiment  -> snapshot -> tokenizer, rows and examples of each split, files of a model from a hub
//               -> report   -> predictions, exported models, the snapshot
//               -> history
//   checkpoint  -> manifest -> model before the phase, parameters, moments, words in use, configuration, tokenizer,
//                              the snapshot
//
// That an experiment begins with another's checkpoint keeps the row of that (src/database/checkpoint-pin.ts).
import type {
  ReferringCheckpoint,
  ReferringDataset,
  ReferringExperiment,
  ReferringModel,
} from '../database/reference-repository.ts';
import type { BlobRef } from '../experiment/blob.ts';
import { isBlobRef } from '../storage/blob-store.ts';
import type { ManifestPlace } from '../storage/checkpoint-store.ts';

export interface BlobReference {
  /** Where it stands, such as `splits.train.rowsBlob`. */
  readonly path: string;
  readonly sha256: string;
  /** `undefined`: what refers to it does not say. */
  readonly sizeBytes: number | undefined;
  /** Whether the blob is a JSON document that refers to others. */
  readonly isDocument: boolean;
}

const fileAt = (path: string, { sha256, sizeBytes }: BlobRef): BlobReference => ({
  path,
  sha256,
  sizeBytes,
  isDocument: false,
});

/** The files of a dataset's splits. */
export function datasetReferences({ splits }: Pick<ReferringDataset, 'splits'>): readonly BlobReference[] {
  return Object.entries(splits).map(([name, { blob }]) => fileAt(`splits.${name}`, blob));
}

/** The files of a model. */
export function modelReferences({ blobs }: Pick<ReferringModel, 'blobs'>): readonly BlobReference[] {
  return Object.entries(blobs).map(([name, blob]) => fileAt(name, blob));
}

/** What an experiment's row refers to, as far as it has come: snapshot, report and history, by their hashes alone. */
export function experimentReferences({
  snapshot,
  reportSha256,
  historySha256,
}: Pick<ReferringExperiment, 'snapshot' | 'reportSha256' | 'historySha256'>): readonly BlobReference[] {
  const references = [
    { path: 'snapshot', sha256: snapshot?.sha256, isDocument: true },
    { path: 'report', sha256: reportSha256, isDocument: true },
    { path: 'history', sha256: historySha256, isDocument: false },
  ];
  return references.flatMap(({ sha256, ...reference }) =>
    typeof sha256 === 'string' ? [{ ...reference, sha256, sizeBytes: undefined }] : [],
  );
}

/** Where the manifest of a checkpoint's row is. */
export function manifestOf({ experimentId, step, manifest }: ReferringCheckpoint): ManifestPlace {
  return { experimentId, step, id: manifest };
}

/**
 * What a snapshot, a report or the manifest of a checkpoint refers to: every name of a blob with its size that stands in it,
 * wherever that is, so that nothing that a later version adds is forgotten; and the snapshot by its hash alone.
 */
export function documentReferences(document: unknown): readonly BlobReference[] {
  return [...referencesIn(document, '')];
}

function* referencesIn(value: unknown, path: string): Generator<BlobReference> {
  if (typeof value !== 'object' || value === null) return;
  if (isBlobRef(value)) {
    yield fileAt(path, value);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    const place = path === '' ? name : `${path}.${name}`;
    if (path === '' && name === 'snapshotSha256' && typeof member === 'string')
      yield { path: place, sha256: member, sizeBytes: undefined, isDocument: true };
    else yield* referencesIn(member, place);
  }
}
