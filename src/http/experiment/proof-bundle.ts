// The bundle of a proof: a tar with all that is needed to check it without the service. docs/proof.md describes its files.
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import { hexadecimal, type BlobRef } from '../../experiment/blob.ts';
import type { ExperimentReference } from '../../experiment/activity.ts';
import { mostCheckpoints } from '../../experiment/retention.ts';
import { decodeSnapshotManifest } from '../../dataset/snapshot-manifest.ts';
import { inMemory, tarArchive, type RangedContent, type TarArchive } from '../../model/tar-archive.ts';
import { bundleFiles, checkpointFile, objectFile, referredObjects } from '../../proof/bundle-layout.ts';
import { sha256Of } from '../../storage/blob-store.ts';
import { canonicalJson } from '../../json/canonical-json.ts';
import { encodeCheckpointManifest } from '../../storage/checkpoint-manifest.ts';
import type { ResultCheckpoint } from '../../storage/result-checkpoint.ts';
import type { AppDependencies } from '../dependencies.ts';
import type { ProvenResult } from './proof.ts';

const stepsAtOnce = 10_000;

/** A file of the bundle, and the hexadecimal SHA-256 of its content. */
interface BundledFile {
  readonly name: string;
  readonly sha256: string;
  readonly content: RangedContent;
}

type BundleDependencies = Pick<AppDependencies, 'repositories' | 'blobs' | 'checkpoints'>;

/** @throws CodedError `blob_missing`, `blob_corrupt`; what breaks while the archive is read ends its stream. */
export async function proofBundle(
  dependencies: BundleDependencies,
  record: ExperimentRecord,
  { proof, checkpoint }: ProvenResult,
): Promise<TarArchive> {
  const { repositories, blobs } = dependencies;
  const reference = { projectId: record.projectId, experimentId: record.id };
  const { spec, lineage } = record;
  const checkpoints = await checkpointsUpTo(dependencies, record, checkpoint);
  const snapshotBytes = await blobs.bytes(proof.snapshotSha256);
  const objects = referredObjects(
    decodeSnapshotManifest(snapshotBytes),
    checkpoints.map(({ manifest }) => manifest),
  );
  const files = [
    text(bundleFiles.proof, canonicalJson(proof)),
    text(bundleFiles.specification, canonicalJson({ experimentId: record.id, spec, lineage })),
    text(bundleFiles.ledger, await ledgerLines(repositories, reference, checkpoint.step)),
    ...checkpoints.map(({ step, manifest }) =>
      memory(checkpointFile(step), encodeCheckpointManifest(manifest)),
    ),
    stored(blobs, { sha256: proof.snapshotSha256, sizeBytes: snapshotBytes.byteLength }),
    ...objects.map((blob) => stored(blobs, blob)),
  ];
  const sums = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
  const all = [text(bundleFiles.sums, sums), ...files];
  return tarArchive(all.map(({ name, content }) => [name, content] as const));
}

/**
 * The result's checkpoint, the one before it that the last steps are computed again from, and the last one of a pretraining,
 * with which the training begins. In the order of steps.
 */
async function checkpointsUpTo(
  { repositories, checkpoints }: BundleDependencies,
  { projectId, id: experimentId, spec }: ExperimentRecord,
  result: ResultCheckpoint,
): Promise<readonly ResultCheckpoint[]> {
  const reference = { projectId, experimentId };
  const rows = await repositories.checkpoints.listCheckpoints(reference, {
    limit: mostCheckpoints,
    beforeStep: result.step,
  });
  const found: ResultCheckpoint[] = [result];
  for (const { step, id } of rows) {
    const manifest = await checkpoints.read(experimentId, step, id);
    const isLastOfPretraining = manifest.phase === 'pretraining' && found[0]?.manifest.phase === 'training';
    if (found.length === 1 || isLastOfPretraining) found.unshift({ step, id, manifest });
    // Nothing more to look for: that of the pretraining is found, or there is none.
    const isLast = [manifest.phase, result.manifest.phase].includes('pretraining');
    if (isLast || spec.training.pretraining === null) break;
  }
  return found;
}

async function ledgerLines(
  { ledger }: BundleDependencies['repositories'],
  reference: ExperimentReference,
  lastStep: number,
): Promise<string> {
  const lines: string[] = [];
  for (let first = 1; first <= lastStep; first += stepsAtOnce) {
    const limit = Math.min(stepsAtOnce, lastStep - first + 1);
    for (const entry of await ledger.ledger(reference, { fromStep: first, limit }))
      lines.push(`${JSON.stringify(entry)}\n`);
  }
  return lines.join('');
}

function memory(name: string, bytes: Uint8Array): BundledFile {
  return { name, sha256: hexadecimal(sha256Of(bytes)), content: inMemory(bytes) };
}

function text(name: string, content: string): BundledFile {
  return memory(name, Buffer.from(content));
}

function stored(blobs: BundleDependencies['blobs'], { sha256, sizeBytes }: BlobRef): BundledFile {
  return {
    name: objectFile(sha256),
    sha256: hexadecimal(sha256),
    content: {
      sizeBytes,
      // Read as a whole, it is checked as it passes.
      open: (range) =>
        range.start === 0 && range.end === sizeBytes - 1
          ? blobs.get({ sha256, sizeBytes })
          : blobs.getRange(sha256, range),
    },
  };
}
