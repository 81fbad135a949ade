// Where checkpoint manifests are kept: one object for each step and content, written last and never changed.
import { CodedError } from '../error.ts';
import type { PinBlobs } from '../experiment/blob.ts';
import { sha256Of } from './blob-store.ts';
import {
  decodeCheckpointManifest,
  encodeCheckpointManifest,
  stateSha256Of,
  type CheckpointManifest,
} from './checkpoint-manifest.ts';
import { manifestKey, manifestPrefix, meaningOf } from './object-key.ts';
import { wholeBody, type ListedObject, type ObjectStore } from './object-store.ts';

/** What names a manifest. */
export interface ManifestPlace {
  readonly experimentId: string;
  readonly step: number;
  /** `sha256:…` of its bytes. */
  readonly id: string;
}

/** A manifest as it lies in the store. */
export interface StoredManifest extends ManifestPlace, Omit<ListedObject, 'key'> {}

/** The manifests of a project's checkpoints. Which of them count, rows say. */
export class CheckpointStore {
  readonly #store: ObjectStore;
  readonly #projectId: string;

  constructor(store: ObjectStore, projectId: string) {
    this.#store = store;
    this.#projectId = projectId;
  }

  /**
   * Publishes a manifest whose blobs are all stored. Publishing the same one again is no error and mends one that is broken; another one of the
   * same step stands beside it: which of them counts is said elsewhere, by its id.
   *
   * @param pin keeps it from collection until its row is committed.
   * @returns the id, the `sha256:…` of the manifest's bytes, and that of the manifest without its memory of evaluations.
   * @throws CodedError `storage_unavailable`.
   */
  async publish(
    manifest: CheckpointManifest,
    pin: PinBlobs = () => Promise.resolve(),
  ): Promise<{ readonly id: string; readonly stateSha256: string }> {
    const bytes = encodeCheckpointManifest(manifest);
    const id = sha256Of(bytes);
    await pin([id]);
    const key = this.#key(manifest.experimentId, manifest.step, id);
    const outcome = await this.#store.put(key, bytes, { ifAbsent: true });
    // What is stored under this key already is the same bytes, unless it is broken: the key says their hash.
    if (outcome === 'exists' && !(await this.#holds(key, id))) await this.#store.put(key, bytes);
    return { id, stateSha256: stateSha256Of(manifest) };
  }

  /**
   * The manifest of this id.
   *
   * @throws CodedError `blob_missing` when it is not in the store; `blob_corrupt` for an object that has another hash or is not a manifest of this step;
   * `storage_unavailable`.
   */
  async read(experimentId: string, step: number, id: string): Promise<CheckpointManifest> {
    const bytes = await this.readBytes(experimentId, step, id);
    const manifest = decodeCheckpointManifest(bytes);
    if (manifest.step !== step || manifest.experimentId !== experimentId)
      throw new CodedError('blob_corrupt', `The checkpoint stored for step ${step} is another one's.`);
    return manifest;
  }

  /**
   * The bytes of a manifest, of whatever version it is.
   *
   * @throws CodedError `blob_missing`; `blob_corrupt` for an object that has another hash; `storage_unavailable`.
   */
  async readBytes(experimentId: string, step: number, id: string): Promise<Uint8Array> {
    const stored = await this.#store.get(this.#key(experimentId, step, id));
    if (stored === undefined)
      throw new CodedError('blob_missing', `The manifest of the checkpoint at step ${step} is missing.`);
    const bytes = await wholeBody(stored);
    if (sha256Of(bytes) !== id)
      throw new CodedError('blob_corrupt', `The checkpoint stored as ${id} has another hash.`);
    return bytes;
  }

  /** Every manifest of the project, in the order of experiments and steps. */
  async *list(): AsyncIterable<StoredManifest> {
    for await (const { key, ...found } of this.#store.list(manifestPrefix(this.#projectId))) {
      const meaning = meaningOf(key);
      if (meaning?.kind !== 'manifest') continue;
      const { experimentId, step, sha256 } = meaning;
      yield { experimentId, step, id: sha256, ...found };
    }
  }

  /** Removes a manifest. Deleting what is not there is no error. */
  async delete({ experimentId, step, id }: ManifestPlace): Promise<void> {
    await this.#store.delete(this.#key(experimentId, step, id));
  }

  /** Whether there is a manifest of this id; it is not read. @throws CodedError `storage_unavailable`. */
  async has(experimentId: string, step: number, id: string): Promise<boolean> {
    return (await this.#store.head(this.#key(experimentId, step, id))) !== undefined;
  }

  async #holds(key: string, id: string): Promise<boolean> {
    const stored = await this.#store.get(key);
    return stored !== undefined && sha256Of(await wholeBody(stored)) === id;
  }

  #key(experimentId: string, step: number, id: string): string {
    return manifestKey(this.#projectId, experimentId, step, id);
  }
}
