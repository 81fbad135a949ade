// What must hold whatever happens: looked at on every change of the database, and at the end.
import { pino } from 'pino';
import type { LedgerEntry } from '../../src/database/ledger-steps.ts';
import { sha256Of } from '../../src/storage/blob-store.ts';
import { decodeCheckpointManifest, type CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { emptyLedgerHash, extendLedgerHash } from '../../src/storage/ledger-hash.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import type { StepRecord } from '../../src/training/job.ts';
import { lastIntactCheckpoint } from '../../workers/preparation/last-intact-checkpoint.ts';
import type { DatabaseModel, ModelCheckpoint } from './database-model.ts';
import { initialState, nextStep, stateHash } from './engine.ts';
import { Violation } from './scheduler.ts';
import { blobKey, directStore, manifestKey, type StoreModel } from './store-model.ts';

/** The experiment that a simulation is of. */
export const reference = { projectId: 'default', experimentId: 'exp_1' };

export const quietLog = pino({ level: 'silent' });

/** What an undisturbed run records and ends with. */
export interface UndisturbedRun {
  readonly records: readonly StepRecord[];
  readonly finalState: string;
  /** Of the last checkpoint. */
  readonly checkpointId: string;
}

/** What the engine computes when nothing interrupts it. */
export function uninterrupted(totalSteps: number): Omit<UndisturbedRun, 'checkpointId'> {
  const records: StepRecord[] = [];
  let state = initialState();
  while (state.step < totalSteps) {
    const next = nextStep(state);
    records.push(next.record);
    state = next.state;
  }
  return { records, finalState: stateHash(state) };
}

export class Invariants {
  readonly #database: DatabaseModel;
  readonly #store: StoreModel;
  #greatestLease = 0;
  /** Stored bytes are never changed in place, nor are entries of the ledger: each is hashed once. */
  readonly #hashes = new WeakMap<Uint8Array, string>();
  readonly #manifests = new WeakMap<Uint8Array, CheckpointManifest>();
  readonly #ledgerHashes = [emptyLedgerHash];
  readonly #hashedEntries: LedgerEntry[] = [];

  constructor(database: DatabaseModel, store: StoreModel) {
    this.#database = database;
    this.#store = store;
  }

  /**
   * Does a write of an attempt, and holds what it did against the rules.
   *
   * @throws Violation; what the write throws.
   */
  watchWrite<T>(lease: number, write: () => T): T {
    const isStale = lease !== this.#database.lease || this.#database.isEnded;
    const before = isStale ? this.#rows() : '';
    const hold = (): void => {
      if (isStale && this.#rows() !== before)
        throw new Violation(`an attempt wrote with lease ${lease}, which is not the one in force`);
      this.check();
    };
    try {
      const result = write();
      hold();
      return result;
    } catch (error) {
      hold();
      throw error;
    }
  }

  /** @throws Violation. */
  check(): void {
    const { lease, ledger, attempts, checkpoints } = this.#database;
    if (lease < this.#greatestLease) throw new Violation('the lease went back');
    this.#greatestLease = lease;
    let last = 0;
    for (const [index, entry] of ledger.entries()) {
      if (entry.step !== index + 1) throw new Violation(`the ledger has no step ${index + 1}`);
      if (entry.lease < last)
        throw new Violation(`step ${entry.step} is of an older attempt than the one before`);
      last = entry.lease;
    }
    const counted = attempts.reduce((sum, attempt) => sum + attempt.stepsDone - attempt.stepsRepeated, 0);
    if (counted !== ledger.length) throw new Violation('the attempts count other steps than the ledger has');
    if (checkpoints.size === 0) return;
    this.#hashLedger();
    for (const row of checkpoints.values()) this.#checkRow(row);
  }

  /** Of a run that has ended well. @throws Violation. */
  async checkEnd({ records, finalState, checkpointId }: UndisturbedRun): Promise<void> {
    this.check();
    const { ledger } = this.#database;
    if (ledger.length !== records.length) throw new Violation(`the ledger ends at step ${ledger.length}`);
    for (const [index, { lossBits, gradientNormBits }] of records.entries()) {
      const entry = ledger[index];
      if (entry?.lossBits !== lossBits || entry.gradientNormBits !== gradientNormBits)
        throw new Violation(`step ${index + 1} is not that of an undisturbed run`);
    }
    const [newest] = this.#database.listCheckpoints({ limit: 1 });
    if (newest?.id !== checkpointId)
      throw new Violation('the last checkpoint is not that of an undisturbed run');
    // What was damaged after the end is nobody's to mend.
    if (this.#store.damaged.size === 0 && (await this.#stateRead()) !== finalState)
      throw new Violation('the end is not that of an undisturbed run');
  }

  /** The newest state as a reader finds it. */
  async #stateRead(): Promise<string | undefined> {
    const store = directStore(this.#store);
    const found = await lastIntactCheckpoint(
      {
        rows: {
          listCheckpoints: (_reference, range) =>
            Promise.resolve(
              this.#database.listCheckpoints(range).map((row) => ({ ...row, createdAt: new Date(0) })),
            ),
        },
        manifests: new CheckpointStore(store, reference.projectId),
        blobs: projectBlobs(store, reference.projectId),
        log: quietLog,
      },
      reference,
      () => undefined,
    );
    return found && stateHash(found.state);
  }

  #checkRow({ step, id }: ModelCheckpoint): void {
    const bytes = this.#intact(manifestKey(step, id), id, `the manifest of step ${step}`);
    if (bytes === undefined) return;
    const manifest = this.#manifests.get(bytes) ?? decodeCheckpointManifest(bytes);
    this.#manifests.set(bytes, manifest);
    const { blobs, ledger } = manifest;
    if (ledger.steps !== step || ledger.sha256 !== this.#ledgerHashes[step])
      throw new Violation(`the checkpoint of step ${step} has another ledger than the database`);
    for (const blob of [blobs.parameters, blobs.firstMoments, blobs.secondMoments])
      if (blob !== null)
        this.#intact(blobKey(blob.sha256), blob.sha256, `a blob of the checkpoint of step ${step}`);
  }

  /** @returns nothing where the object was damaged on purpose. @throws Violation. */
  #intact(key: string, sha256: string, what: string): Uint8Array | undefined {
    if (this.#store.damaged.has(key)) return undefined;
    const bytes = this.#store.objects.get(key);
    if (bytes === undefined) throw new Violation(`${what} is missing`);
    const found = this.#hashes.get(bytes) ?? sha256Of(bytes);
    this.#hashes.set(bytes, found);
    if (found !== sha256) throw new Violation(`${what} is not whole`);
    return bytes;
  }

  /** Brings the running hashes, one after each step from step 0, up to the ledger. */
  #hashLedger(): void {
    const { ledger } = this.#database;
    for (const [index, entry] of ledger.entries()) {
      if (this.#hashedEntries[index] === entry) continue;
      this.#hashedEntries.splice(index);
      this.#ledgerHashes.splice(index + 1);
      const hash = extendLedgerHash(this.#ledgerHashes[index], [entry]);
      this.#hashedEntries.push(entry);
      this.#ledgerHashes.push(hash);
    }
  }

  #rows(): string {
    const { lease, attempts, ledger, checkpoints } = this.#database;
    return JSON.stringify([lease, attempts, ledger, [...checkpoints]]);
  }
}
