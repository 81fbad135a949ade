// Where checkpoint manifests are kept: one object for each step and content, written last and never changed.
import { buffer } from 'node:stream/consumers';
import { CodedError } from '../error.ts';
import { sha256Of } from './blob-store.ts';
import {
  decodeCheckpointManifest,
  encodeCheckpointManifest,
  type CheckpointManifest,
} from './checkpoint-manifest.ts';
import type { ObjectStore } from './object-store.ts';

/** Digits of a step in a key, so that the order of keys is the order of steps. */
const stepDigits = 12;

export class CheckpointStore {
  readonly #store: ObjectStore;
  readonly #projectId: string;
  /** Ids whose stored object was read here and found to be another: these are published anew. */
  readonly #broken = new Set<string>();

  constructor(store: ObjectStore, projectId: string) {
    this.#store = store;
    this.#projectId = projectId;
  }

  /**
   * Publishes a manifest whose blobs are all stored. Publishing the same one again is no error, and another one of the
   * same step stands beside it: which of them counts is said elsewhere, by its id.
   *
   * @returns the id, the `sha256:…` of the manifest's bytes, and that of the manifest without its memory of evaluations.
   * @throws CodedError `storage_unavailable`.
   */
  async publish(
    manifest: CheckpointManifest,
  ): Promise<{ readonly id: string; readonly stateSha256: string }> {
    const bytes = encodeCheckpointManifest(manifest);
    const id = sha256Of(bytes);
    // What is stored under this key already is the same bytes, unless it is broken: the key says their hash.
    const ifAbsent = !this.#broken.has(id);
    await this.#store.put(this.#key(manifest.experimentId, manifest.step, id), bytes, { ifAbsent });
    this.#broken.delete(id);
    return { id, stateSha256: sha256Of(encodeCheckpointManifest({ ...manifest, evaluations: null })) };
  }

  /**
   * The manifest of this id.
   *
   * @throws CodedError `blob_missing` when it is not in the store; `blob_corrupt` for an object that has another hash or is not a manifest of this step;
   * `storage_unavailable`.
   */
  async read(experimentId: string, step: number, id: string): Promise<CheckpointManifest> {
    const stored = await this.#store.get(this.#key(experimentId, step, id));
    if (stored === undefined)
      throw new CodedError('blob_missing', `The manifest of the checkpoint at step ${step} is missing.`);
    const bytes = await buffer(stored.body);
    if (sha256Of(bytes) !== id) {
      this.#broken.add(id);
      throw new CodedError('blob_corrupt', `The checkpoint stored as ${id} has another hash.`);
    }
    const manifest = decodeCheckpointManifest(bytes);
    if (manifest.step !== step || manifest.experimentId !== experimentId)
      throw new CodedError('blob_corrupt', `The checkpoint stored for step ${step} is another one's.`);
    return manifest;
  }

  /** Whether there is a manifest of this id; it is not read. @throws CodedError `storage_unavailable`. */
  async has(experimentId: string, step: number, id: string): Promise<boolean> {
    return (await this.#store.head(this.#key(experimentId, step, id))) !== undefined;
  }

  #key(experimentId: string, step: number, id: string): string {
    const digits = String(step).padStart(stepDigits, '0');
    return `checkpoints/${this.#projectId}/${experimentId}/${digits}-${id.replace('sha256:', '')}.json`;
  }
}
