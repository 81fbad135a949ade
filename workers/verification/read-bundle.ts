// Reads the bundle of a proof: every file against SHA256SUMS, every document against what the others say of it.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { RecordedStep } from '../../src/database/ledger-chunk.ts';
import type { SegmentStart } from '../../src/database/ledger-repository.ts';
import { CodedError, isSystemError } from '../../src/error.ts';
import type { CommittedCheckpoint } from '../../src/experiment/activity.ts';
import type { Lineage } from '../../src/experiment/lineage.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import { isDamage, sha256Of, type BlobStore } from '../../src/storage/blob-store.ts';
import { decodeCheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { specSha256After } from '../preparation/specification-hash.ts';
import type { Evidence, KeptCheckpoint } from './evidence.ts';

/** The proof as `GET /experiments/{id}/proof` gives it. */
interface Proof {
  readonly checkpoint: CommittedCheckpoint;
  readonly specSha256: string;
  readonly snapshotSha256: string;
  readonly segments: readonly SegmentStart[];
  readonly ledgerSha256: string;
  readonly weightsSha256: string;
}

interface Specification {
  readonly spec: ExperimentSpec;
  readonly lineage: Lineage;
}

export interface Bundle {
  readonly evidence: Evidence;
  /** The step of the result. */
  readonly lastStep: number;
}

/** What of the bundle is not as it should be, by the names of its files. */
export class BundleDiffers extends Error {}

const sumsName = 'SHA256SUMS';

/**
 * @param blobs where the bundle's objects are put, to be read from there.
 * @throws BundleDiffers naming the file; CodedError `invalid_request` for what is no bundle; `storage_unavailable`.
 */
export async function readBundle(tar: Readable, blobs: BlobStore): Promise<Bundle> {
  const documents = await unpack(tar, blobs);
  const proof = jsonOf(documents, 'proof.json') as Proof;
  const { spec, lineage } = jsonOf(documents, 'specification.json') as Specification;
  const entries = textOf(documents, 'ledger.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedStep);
  const checkpoints = checkpointsIn(documents);
  checkResult(proof, checkpoints.at(-1), { spec, lineage });
  return {
    lastStep: proof.checkpoint.step,
    evidence: {
      spec,
      lineage,
      snapshotSha256: proof.snapshotSha256,
      blobs,
      checkpoints,
      steps: (fromStep, toStep) => Promise.resolve(entries.slice(fromStep - 1, toStep)),
      segments: proof.segments,
    },
  };
}

type Documents = ReadonlyMap<string, Uint8Array>;

/** Puts objects into the store and gives the other files back. */
async function unpack(tar: Readable, blobs: BlobStore): Promise<Documents> {
  const unpacked = tar.pipe(extract());
  tar.once('error', (error) => unpacked.destroy(error));
  const documents = new Map<string, Uint8Array>();
  const found = new Map<string, string>();
  try {
    for await (const entry of unpacked) {
      const { name, type } = entry.header;
      // Of a bundle that was unpacked and packed again.
      if (type === 'directory') entry.resume();
      else if (name.startsWith('blobs/')) {
        const { sha256 } = await blobs.putStream(Readable.from(entry, { objectMode: false }));
        found.set(name, digits(sha256));
        if (name !== `blobs/${digits(sha256)}`) throw new BundleDiffers(`${name} has another content`);
      } else {
        const bytes = await buffer(entry);
        documents.set(name, bytes);
        if (name !== sumsName) found.set(name, digits(sha256Of(bytes)));
      }
    }
  } catch (error) {
    if (error instanceof CodedError || error instanceof BundleDiffers) throw error;
    const reason = isSystemError(error, 'ENOENT')
      ? 'There is no such file.'
      : 'The file is not a readable tar.';
    throw new CodedError('invalid_request', reason, { cause: error });
  }
  checkSums(textOf(documents, sumsName), found);
  return documents;
}

function checkSums(sums: string, found: Map<string, string>): void {
  for (const line of sums.split('\n').filter((each) => each !== '')) {
    const [, sha256, name = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (!found.has(name)) throw new BundleDiffers(`${name} is missing`);
    if (found.get(name) !== sha256) throw new BundleDiffers(`${name} is not what ${sumsName} says`);
    found.delete(name);
  }
  for (const name of found.keys()) throw new BundleDiffers(`${name} is not in ${sumsName}`);
}

function checkpointsIn(documents: Documents): readonly KeptCheckpoint[] {
  const names = [...documents.keys()].filter((name) => name.startsWith('checkpoints/'));
  return names
    .map((name) => {
      const bytes = documents.get(name) ?? new Uint8Array();
      try {
        const manifest = decodeCheckpointManifest(bytes);
        return { step: manifest.step, id: sha256Of(bytes), manifest };
      } catch (error) {
        if (isDamage(error)) throw new BundleDiffers(`${name}: ${error.message}`);
        throw error;
      }
    })
    .sort((one, other) => one.step - other.step);
}

/** Holds the documents against each other: each hash of the proof is that of what the bundle has. */
function checkResult(proof: Proof, result: KeptCheckpoint | undefined, experiment: Specification): void {
  const { step, id } = proof.checkpoint;
  if (result?.step !== step || result.id !== id)
    throw new BundleDiffers(`checkpoints/${step}.json is not the checkpoint that proof.json names`);
  const { manifest } = result;
  const expected = {
    specSha256: manifest.specSha256,
    snapshotSha256: manifest.snapshotSha256,
    ledgerSha256: manifest.ledger.sha256,
    weightsSha256: manifest.blobs.parameters.sha256,
  } as const;
  for (const name of Object.keys(expected) as (keyof typeof expected)[])
    if (proof[name] !== expected[name])
      throw new BundleDiffers(`proof.json: its ${name} is not that of checkpoints/${step}.json`);
  if (specSha256After(step - 1, experiment) !== manifest.specSha256)
    throw new BundleDiffers('specification.json is not what the checkpoint was trained with');
}

function jsonOf(documents: Documents, name: string): unknown {
  try {
    return JSON.parse(textOf(documents, name));
  } catch (error) {
    if (error instanceof SyntaxError) throw new BundleDiffers(`${name} is not JSON`);
    throw error;
  }
}

function textOf(documents: Documents, name: string): string {
  const bytes = documents.get(name);
  if (bytes === undefined) throw new BundleDiffers(`${name} is missing`);
  return Buffer.from(bytes).toString('utf8');
}

const digits = (sha256: string): string => sha256.replace('sha256:', '');
