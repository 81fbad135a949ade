// Keeps the sessions of models used lately, so that a request does not wait until its model is loaded.
import type { Inference } from './open-inference.ts';

/** What is kept at most; sessions in use are kept beyond it until they are free. */
export interface CacheLimits {
  readonly sessions: number;
  /** Of their ONNX files together; a session takes about as much memory. */
  readonly bytes: number;
}

export interface LoadedModel {
  readonly inference: Inference;
  /** Size of its ONNX file. */
  readonly sizeBytes: number;
}

class Entry {
  readonly loaded: Promise<LoadedModel>;
  users = 0;
  /** 0 until it is loaded. */
  sizeBytes = 0;

  constructor(loaded: Promise<LoadedModel>) {
    this.loaded = loaded;
  }

  async close(): Promise<void> {
    try {
      await (await this.loaded).inference.close();
    } catch {
      // Those who asked for the model were told that it could not be loaded; there is no session to close.
    }
  }
}

/** Open sessions by the hash of their model; those not in use are closed when there are too many. */
export class InferenceCache {
  readonly #limits: CacheLimits;
  /** By content hash, the least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  /** Content hashes of what is kept, the least recently used first. */
  get contentHashes(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Calls `use` with the session of a model, which stays open until that has settled.
   * @param contentHash of the exported model: the same hash is the same model.
   * @param load opens it; called only where it is not kept, and once for all who ask at the same time.
   * @throws whatever `load` or `use` throws; a model that could not be loaded, or whose thread has ended, is not kept
   */
  async use<Result>(
    contentHash: string,
    load: () => Promise<LoadedModel>,
    use: (inference: Inference) => Promise<Result>,
  ): Promise<Result> {
    const entry = this.#entries.get(contentHash) ?? new Entry(load());
    this.#entries.delete(contentHash);
    this.#entries.set(contentHash, entry);
    entry.users += 1;
    this.#shrink();
    let sound = false;
    try {
      const { inference, sizeBytes } = await entry.loaded;
      entry.sizeBytes = sizeBytes;
      sound = true;
      try {
        return await use(inference);
      } finally {
        sound = inference.isOpen();
      }
    } finally {
      entry.users -= 1;
      if (!sound && this.#entries.get(contentHash) === entry) this.#entries.delete(contentHash);
      this.#shrink();
    }
  }

  /** Closes every session; what runs is rejected. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map((entry) => entry.close()));
  }

  /** Closes what is over the limits, those not in use, the least recently used first. */
  #shrink(): void {
    let sessions = this.#entries.size;
    let bytes = [...this.#entries.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const [contentHash, entry] of this.#entries) {
      if (sessions <= this.#limits.sessions && bytes <= this.#limits.bytes) return;
      if (entry.users > 0) continue;
      this.#entries.delete(contentHash);
      sessions -= 1;
      bytes -= entry.sizeBytes;
      // Nobody waits for the memory: whoever asks next waits for their own model only.
      void entry.close();
    }
  }
}
