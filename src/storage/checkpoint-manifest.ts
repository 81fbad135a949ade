// What a checkpoint is: the blobs of a step and everything that determines them. No time, host or lease is in it, so
// that two writers of one step write the same bytes.
import { CodedError } from '../error.ts';
import { isBlobRef, sha256Of } from './blob-store.ts';
import type { BlobRef } from '../experiment/blob.ts';
import type { NumericProfile } from '../experiment/profile.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import type { LedgerPosition } from './ledger-hash.ts';
import { isJsonObject } from '../json/json-object.ts';

/** The version that this code writes; it reads this one only. */
export const checkpointFormatVersion = 2;

/** Adapters that a trained model is put together with. */
interface ManifestLora {
  readonly rank: number;
  readonly alpha: number;
}

/** What is remembered of evaluations during training. */
interface ManifestEvaluations {
  readonly lastStep: number;
  readonly best: { readonly step: number; readonly value: number } | null;
  readonly sinceBest: number;
}

/** Which training a checkpoint is in: the words in their places first, where there is such a phase, then the task. */
export type TrainingPhase = 'pretraining' | 'training';

export interface CheckpointManifest {
  readonly formatVersion: 2;
  readonly experimentId: string;
  /** Optimizer steps done, counted from the start of the experiment. */
  readonly step: number;
  readonly phase: TrainingPhase;
  readonly profile: NumericProfile;
  readonly snapshotSha256: string;
  readonly specSha256: string;
  /** Safetensors files, config.json and tokenizer.json, so that a checkpoint is a whole model. */
  readonly blobs: {
    /** Every parameter as it was before the first step of the phase. */
    readonly base: BlobRef;
    /** What is trained; of the table of words the rows of `vocabulary`. */
    readonly parameters: BlobRef;
    readonly firstMoments: BlobRef;
    /** null with an optimizer that has one moment only. */
    readonly secondMoments: BlobRef | null;
    /** Little-endian int32 ids, ascending; null: the whole table is trained. */
    readonly vocabulary: BlobRef | null;
    readonly config: BlobRef;
    readonly tokenizer: BlobRef;
  };
  /** What weight decay alone has made of words that are not in use. */
  readonly unusedWords: { readonly scale: number; readonly momentum: number };
  readonly evaluations: ManifestEvaluations | null;
  readonly lora: ManifestLora | null;
  readonly ledger: LedgerPosition;
}

/** The manifest's bytes: canonical JSON in UTF-8. */
export function encodeCheckpointManifest(manifest: CheckpointManifest): Uint8Array {
  return Buffer.from(canonicalJson(manifest), 'utf8');
}

/** The hash of all that training goes on from: what is remembered of evaluations is left out. */
export function stateSha256Of(manifest: CheckpointManifest): string {
  return sha256Of(encodeCheckpointManifest({ ...manifest, evaluations: null }));
}

/** @throws CodedError `blob_corrupt` for bytes that are not a manifest of a version that this code reads. */
export function decodeCheckpointManifest(bytes: Uint8Array): CheckpointManifest {
  const value = parseJson(bytes);
  if (!isManifest(value)) {
    throw new CodedError('blob_corrupt', `A checkpoint is not of format version ${checkpointFormatVersion}.`);
  }
  return value;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Whatever is wrong with the text, it is no manifest.
    return undefined;
  }
}

function isManifest(value: unknown): value is CheckpointManifest {
  return (
    isJsonObject(value) &&
    value['formatVersion'] === checkpointFormatVersion &&
    typeof value['experimentId'] === 'string' &&
    isCount(value['step']) &&
    (value['phase'] === 'pretraining' || value['phase'] === 'training') &&
    isProfile(value['profile']) &&
    isHash(value['snapshotSha256']) &&
    isHash(value['specSha256']) &&
    isJsonObject(value['blobs']) &&
    isBlobRef(value['blobs']['base']) &&
    isBlobRef(value['blobs']['parameters']) &&
    isBlobRef(value['blobs']['firstMoments']) &&
    isBlobRefOrNull(value['blobs']['secondMoments']) &&
    isBlobRefOrNull(value['blobs']['vocabulary']) &&
    isBlobRef(value['blobs']['config']) &&
    isBlobRef(value['blobs']['tokenizer']) &&
    isJsonObject(value['unusedWords']) &&
    Number.isFinite(value['unusedWords']['scale']) &&
    Number.isFinite(value['unusedWords']['momentum']) &&
    isEvaluations(value['evaluations']) &&
    isLora(value['lora']) &&
    isJsonObject(value['ledger']) &&
    isCount(value['ledger']['steps']) &&
    isHash(value['ledger']['sha256'])
  );
}

function isBlobRefOrNull(value: unknown): boolean {
  return value === null || isBlobRef(value);
}

function isEvaluations(value: unknown): boolean {
  if (value === null) return true;
  return (
    isJsonObject(value) && isCount(value['lastStep']) && isCount(value['sinceBest']) && isBest(value['best'])
  );
}

function isBest(value: unknown): boolean {
  return value === null || (isJsonObject(value) && isCount(value['step']) && Number.isFinite(value['value']));
}

function isLora(value: unknown): boolean {
  return value === null || (isJsonObject(value) && isCount(value['rank']) && Number.isFinite(value['alpha']));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

function isProfile(value: unknown): value is NumericProfile {
  return (
    isJsonObject(value) &&
    typeof value['onnxruntimeVersion'] === 'string' &&
    (value['provider'] === 'cpu' || value['provider'] === 'cuda') &&
    typeof value['instructionSet'] === 'string' &&
    isCount(value['threads']) &&
    typeof value['graphSha256'] === 'string'
  );
}
