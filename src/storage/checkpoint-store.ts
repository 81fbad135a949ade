// Where checkpoint manifests are kept: one object a step, written last and only if absent.
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

/** A manifest and its id, the `sha256:…` of its bytes. */
export interface PublishedCheckpoint {
  readonly id: string;
  readonly manifest: CheckpointManifest;
}

export class CheckpointStore {
  readonly #store: ObjectStore;
  readonly #projectId: string;

  constructor(store: ObjectStore, projectId: string) {
    this.#store = store;
    this.#projectId = projectId;
  }

  /**
   * Publishes a manifest whose blobs are all stored. Publishing the same one again is no error.
   *
   * @throws CodedError `divergence` when another manifest stands for the step.
   */
  async publish(manifest: CheckpointManifest): Promise<{ readonly id: string }> {
    const bytes = encodeCheckpointManifest(manifest);
    const id = sha256Of(bytes);
    const outcome = await this.#store.put(this.#key(manifest.experimentId, manifest.step), bytes, {
      ifAbsent: true,
    });
    if (outcome === 'exists') {
      const stored = await this.read(manifest.experimentId, manifest.step);
      if (stored?.id !== id) {
        throw new CodedError(
          'divergence',
          `Step ${manifest.step} has the checkpoint ${stored?.id ?? 'none'}, and was computed again as ${id}.`,
        );
      }
    }
    return { id };
  }

  /** @throws CodedError `blob_corrupt` for an object that is not a manifest of this step. */
  async read(experimentId: string, step: number): Promise<PublishedCheckpoint | undefined> {
    const stored = await this.#store.get(this.#key(experimentId, step));
    if (stored === undefined) return undefined;
    const bytes = await buffer(stored.body);
    const manifest = decodeCheckpointManifest(bytes);
    if (manifest.step !== step || manifest.experimentId !== experimentId) {
      throw new CodedError('blob_corrupt', `The checkpoint stored for step ${step} is another one's.`);
    }
    return { id: sha256Of(bytes), manifest };
  }

  /** The steps that have a manifest, rising. */
  async list(experimentId: string): Promise<readonly number[]> {
    const steps: number[] = [];
    for await (const { key } of this.#store.list(this.#folder(experimentId))) {
      const digits = /\/(\d+)\.json$/.exec(key)?.[1];
      if (digits !== undefined) steps.push(Number(digits));
    }
    return steps;
  }

  async delete(experimentId: string, step: number): Promise<void> {
    await this.#store.delete(this.#key(experimentId, step));
  }

  #folder(experimentId: string): string {
    return `checkpoints/${this.#projectId}/${experimentId}/`;
  }

  #key(experimentId: string, step: number): string {
    return `${this.#folder(experimentId)}${String(step).padStart(stepDigits, '0')}.json`;
  }
}
