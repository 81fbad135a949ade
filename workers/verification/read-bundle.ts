// Reads the bundle of a proof: every document against what the others say of it.
import type { Readable } from 'node:stream';
import { decodeSnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import type { Lineage } from '../../src/experiment/lineage.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import {
  bundleFiles,
  checkpointFile,
  isCheckpointFile,
  objectFile,
  referredObjects,
} from '../../src/proof/bundle-layout.ts';
import { proofOfCheckpoint, type Proof } from '../../src/proof/proof.ts';
import { isDamage, sha256Of, type BlobStore } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import { decodeCheckpointManifest, encodeCheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { specSha256After } from '../preparation/specification-hash.ts';
import { checkSegments, ledgerIn } from './bundle-ledger.ts';
import type { Evidence, KeptCheckpoint } from './evidence.ts';
import { BundleDiffers, textOf, unpackBundle, type UnpackedBundle } from './unpack-bundle.ts';

interface Specification {
  readonly experimentId: string;
  readonly spec: ExperimentSpec;
  readonly lineage: Lineage;
}

export interface Bundle {
  readonly evidence: Evidence;
  /** The step of the result. */
  readonly lastStep: number;
}

/**
 * @param blobs where the bundle's objects are put, to be read from there.
 * @throws BundleDiffers naming the file; CodedError `invalid_request` for what is no bundle; `storage_unavailable`.
 */
export async function readBundle(tar: Readable, blobs: BlobStore): Promise<Bundle> {
  const { documents, objects } = await unpackBundle(tar, blobs);
  // Held against what it follows from below.
  const proof = jsonOf(documents, bundleFiles.proof) as Proof;
  const specification = jsonOf(documents, bundleFiles.specification) as Specification;
  const checkpoints = checkpointsIn(documents);
  const result = resultOf(proof, checkpoints);
  checkProof(proof, result, specification);
  checkSpecification(documents, result, specification);
  const { experimentId, spec, lineage } = specification;
  const { snapshotSha256 } = result.manifest;
  await checkObjects(objects, blobs, snapshotSha256, checkpoints);
  const entries = ledgerIn(textOf(documents, bundleFiles.ledger), result.step);
  checkSegments(proof.segments, entries);
  return {
    lastStep: result.step,
    evidence: {
      experimentId,
      spec,
      lineage,
      snapshotSha256,
      blobs,
      checkpoints,
      steps: (fromStep, toStep) => Promise.resolve(entries.slice(fromStep - 1, toStep)),
      segments: proof.segments,
    },
  };
}

type Documents = UnpackedBundle['documents'];

function checkpointsIn(documents: Documents): readonly KeptCheckpoint[] {
  return [...documents]
    .filter(([name]) => isCheckpointFile(name))
    .map(([name, bytes]) => checkpointIn(name, bytes))
    .sort((one, other) => one.step - other.step);
}

function checkpointIn(name: string, bytes: Uint8Array): KeptCheckpoint {
  try {
    const manifest = decodeCheckpointManifest(bytes);
    if (!Buffer.from(encodeCheckpointManifest(manifest)).equals(bytes))
      throw new BundleDiffers(`${name} is not canonical JSON`);
    if (name !== checkpointFile(manifest.step))
      throw new BundleDiffers(`${name} is of step ${manifest.step}`);
    return { step: manifest.step, id: sha256Of(bytes), manifest };
  } catch (error) {
    if (isDamage(error)) throw new BundleDiffers(`${name}: ${error.message}`);
    throw error;
  }
}

/** The last checkpoint, if it is the one that the proof names. */
function resultOf({ checkpoint }: Proof, checkpoints: readonly KeptCheckpoint[]): KeptCheckpoint {
  const { step, id } = checkpoint;
  const result = checkpoints.at(-1);
  if (result?.step !== step || result.id !== id)
    throw new BundleDiffers(`${checkpointFile(step)} is not the checkpoint that ${bundleFiles.proof} names`);
  return result;
}

/** Everything that the proof says follows from the result's checkpoint, but where the segments before its own begin. */
function checkProof(proof: Proof, result: KeptCheckpoint, { experimentId }: Specification): void {
  const expected: Readonly<Record<string, unknown>> = {
    ...proofOfCheckpoint(result, experimentId, proof.segments),
  };
  const said: Readonly<Record<string, unknown>> = { ...proof };
  for (const name of Object.keys({ ...said, ...expected }))
    if (textOfValue(said[name]) !== textOfValue(expected[name]))
      throw new BundleDiffers(
        `${bundleFiles.proof}: its ${name} is not that of ${checkpointFile(result.step)}`,
      );
}

function checkSpecification(
  documents: Documents,
  { step, manifest }: KeptCheckpoint,
  { experimentId, spec, lineage }: Specification,
): void {
  const name = bundleFiles.specification;
  if (textOf(documents, name) !== canonicalJson({ experimentId, spec, lineage }))
    throw new BundleDiffers(`${name} has more than a specification`);
  if (experimentId !== manifest.experimentId)
    throw new BundleDiffers(`${name} is not of the experiment of ${checkpointFile(step)}`);
  if (specSha256After(step - 1, { spec, lineage }) !== manifest.specSha256)
    throw new BundleDiffers(`${name} is not what the checkpoint was trained with`);
}

/** The objects are those that the snapshot and the checkpoints refer to, no more and no fewer. */
async function checkObjects(
  objects: ReadonlySet<string>,
  blobs: BlobStore,
  snapshotSha256: string,
  checkpoints: readonly KeptCheckpoint[],
): Promise<void> {
  const snapshot = objectFile(snapshotSha256);
  if (!objects.has(snapshot)) throw new BundleDiffers(`${snapshot} is missing`);
  const blobsOfAll = referredObjects(
    decodeSnapshotManifest(await blobs.bytes(snapshotSha256)),
    checkpoints.map(({ manifest }) => manifest),
  );
  const referred = new Set([snapshot, ...blobsOfAll.map(({ sha256 }) => objectFile(sha256))]);
  for (const name of referred) if (!objects.has(name)) throw new BundleDiffers(`${name} is missing`);
  for (const name of objects)
    if (!referred.has(name)) throw new BundleDiffers(`${name} is referred to by no other file`);
}

/** @throws BundleDiffers for what is not JSON as the service writes it: a name twice in an object says two things. */
function jsonOf(documents: Documents, name: string): unknown {
  const text = textOf(documents, name);
  try {
    const value: unknown = JSON.parse(text);
    if (canonicalJson(value) === text) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new BundleDiffers(`${name} is not canonical JSON`);
}

const textOfValue = (value: unknown): string => (value === undefined ? '' : canonicalJson(value));
