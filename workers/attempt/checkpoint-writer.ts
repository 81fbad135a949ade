// Keeps a training state: blobs first, then the manifest, then the row. Only a row makes a checkpoint count.
import { allEnded } from '../../src/waiting/all-ended.ts';
import type { CheckpointRepository } from '../../src/database/checkpoint-repository.ts';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import type { CommittedCheckpoint } from '../../src/experiment/activity.ts';
import type { BlobRef, PinBlobs } from '../../src/experiment/blob.ts';
import { retentionOf } from '../../src/experiment/retention.ts';
import { safetensorsFile } from '../../src/model/safetensors.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { checkpointFormatVersion, type CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import type { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import type { LedgerPosition } from '../../src/storage/ledger-hash.ts';
import type { TrainingState } from '../../src/training/job.ts';
import type { ManifestFrame, RetentionFrame } from '../preparation/checkpoint-frame.ts';
import { throughOutage, type OutagePatience } from './database-outage.ts';

/** Keeps the checkpoints of one attempt, under its lease. */
export class CheckpointWriter {
  readonly #blobs: BlobStore;
  readonly #manifests: CheckpointStore;
  readonly #rows: Pick<CheckpointRepository, 'commitCheckpoint'>;
  readonly #holder: LeaseHolder;
  readonly #frame: ManifestFrame;
  readonly #retention: RetentionFrame;
  readonly #pin: PinBlobs;
  readonly #patience: OutagePatience;
  /** Called as parts are stored, so that a slow upload is told from a dead one. */
  readonly #onProgress: () => void;

  constructor(parts: {
    readonly blobs: BlobStore;
    readonly manifests: CheckpointStore;
    readonly rows: Pick<CheckpointRepository, 'commitCheckpoint'>;
    readonly holder: LeaseHolder;
    readonly frame: ManifestFrame;
    readonly retention: RetentionFrame;
    /** Pins what is stored until its row is committed. */
    readonly pin: PinBlobs;
    readonly patience: OutagePatience;
    readonly onProgress: () => void;
  }) {
    this.#pin = (sha256s) => throughOutage(parts.patience, () => parts.pin(sha256s));
    this.#blobs = parts.blobs.pinnedBy(this.#pin);
    this.#manifests = parts.manifests;
    this.#rows = parts.rows;
    this.#holder = parts.holder;
    this.#frame = parts.frame;
    this.#retention = parts.retention;
    this.#patience = parts.patience;
    this.#onProgress = parts.onProgress;
  }

  /**
   * @param ledger the running hash over all steps up to the state's.
   * @throws CodedError `lease_lost`; `divergence` when the same step was kept with other bytes on the same profile;
   * `storage_unavailable`, `database_unavailable`.
   */
  async write(state: TrainingState, ledger: LedgerPosition): Promise<CommittedCheckpoint> {
    const { base, vocabulary, config, tokenizer, ...frame } = this.#frame;
    // What a crash loses is what the upload takes, too: its waits for hashes, network and store overlap.
    const [parameters, firstMoments, secondMoments] = await allEnded([
      this.#put(state.parameters),
      this.#put(state.firstMoments),
      state.secondMoments.length === 0 ? Promise.resolve(null) : this.#put(state.secondMoments),
    ]);
    const manifest: CheckpointManifest = {
      formatVersion: checkpointFormatVersion,
      ...frame,
      step: state.step,
      blobs: { base, parameters, firstMoments, secondMoments, vocabulary, config, tokenizer },
      unusedWords: state.unusedWords,
      evaluations: state.evaluations,
      ledger,
    };
    const { id, stateSha256 } = await this.#manifests.publish(manifest, this.#pin);
    this.#onProgress();
    const stored = [id, ...[parameters, firstMoments, secondMoments].flatMap((blob) => blob?.sha256 ?? [])];
    const { settings, firstStep } = this.#retention;
    const retention = retentionOf(settings, state.evaluations?.best?.step, firstStep);
    const sizeBytes = parameters.sizeBytes + firstMoments.sizeBytes + (secondMoments?.sizeBytes ?? 0);
    await throughOutage(this.#patience, () =>
      this.#rows.commitCheckpoint(this.#holder, {
        step: state.step,
        id,
        stateSha256,
        sizeBytes,
        stored,
        retention,
      }),
    );
    return { step: state.step, id };
  }

  #put(tensors: TrainingState['parameters']): Promise<BlobRef> {
    return this.#blobs.putParts(safetensorsFile(tensors).parts, this.#onProgress);
  }
}
