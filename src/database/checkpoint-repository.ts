// Committed checkpoints: only a manifest that has a row here counts.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { stepsToRemove, type CheckpointRetention } from '../experiment/retention.ts';
import { requirePinned } from './blob-pins.ts';
import { pinsOf } from './checkpoint-pin.ts';
import type { Database, Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import type { CheckpointRecord } from './experiment-record.ts';
import { segmentOf } from './ledger-segment.ts';
import { lastStep, readSteps } from './ledger-steps.ts';
import { lockForHolder, type LeaseHolder } from './experiment-lock.ts';

export interface NewCheckpoint {
  readonly step: number;
  /** `sha256:…` of the manifest. */
  readonly id: string;
  /** `sha256:…` of the manifest without what is remembered of evaluations. */
  readonly stateSha256: string;
  readonly sizeBytes: number;
  /** Left out: every earlier checkpoint is kept. */
  readonly retention?: CheckpointRetention;
  /** Hashes of what was stored for it, which must be pinned. */
  readonly stored?: readonly string[];
}

/** The checkpoints that count: one has a row. Every method throws CodedError `database_unavailable`. */
export class CheckpointRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Commits a checkpoint whose manifest is stored; the same again changes nothing. A step that was committed on another
   * numeric profile before is replaced, as its ledger was; so is one that differs in its memory of evaluations alone: a run
   * that broke off before an evaluation that was due makes up for it. Checkpoints that its retention leaves out are removed
   * with it; what they have stored is collected later.
   *
   * @throws CodedError `lease_lost`; `divergence` when the attempt's segment has another manifest of this step;
   * `storage_unavailable` when what was stored is not pinned any more; `internal` when steps up to the checkpoint are not recorded yet, which is a fault of the caller.
   */
  async commitCheckpoint(
    holder: LeaseHolder,
    { step, id, stateSha256, sizeBytes, retention, stored = [] }: NewCheckpoint,
  ): Promise<void> {
    const { projectId, experimentId, lease } = holder;
    await this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      await requirePinned(queries, projectId, stored);
      const last = await lastStep(queries, holder);
      if (step > last)
        throw new CodedError(
          'internal',
          `The ledger ends at step ${last}, before the checkpoint of ${step}.`,
        );
      const key = { projectId_experimentId_step: { projectId, experimentId, step } };
      const earlier = await queries.checkpoint.findUnique({ where: key });
      if (earlier?.manifest === id) return;
      if (earlier && earlier.stateSha256 !== stateSha256) {
        const [entry] = await readSteps(queries, holder, step, step);
        // What another profile had computed is gone from the ledger, unless it is where the attempt began.
        if (entry?.segment === (await segmentOf(queries, holder)))
          throw new CodedError('divergence', `Step ${step} gave another checkpoint than before.`);
      }
      const needsSteps = [...(retention?.needsSteps ?? [])];
      const values = { manifest: id, stateSha256, sizeBytes, lease, needsSteps };
      await queries.checkpoint.upsert({
        where: key,
        create: { projectId, experimentId, step, ...values },
        update: values,
      });
      if (retention) await removeOthers(queries, holder, step, retention.keepLast);
      await appendEvent(queries, holder, 'checkpointCommitted', { step, id, sizeBytes });
    });
  }

  async latestCheckpoint(reference: ExperimentReference): Promise<CheckpointRecord | undefined> {
    return (await this.#find(reference, {}, 1))[0];
  }

  async getCheckpoint(reference: ExperimentReference, step: number): Promise<CheckpointRecord | undefined> {
    return (await this.#find(reference, { step }, 1))[0];
  }

  /** Newest first; those before `beforeStep` when it is given. */
  async listCheckpoints(
    reference: ExperimentReference,
    { limit, beforeStep }: { readonly limit: number; readonly beforeStep?: number },
  ): Promise<readonly CheckpointRecord[]> {
    return this.#find(reference, beforeStep === undefined ? {} : { step: { lt: beforeStep } }, limit);
  }

  async #find(
    { projectId, experimentId }: ExperimentReference,
    condition: { readonly step?: number | { readonly lt: number } },
    limit: number,
  ): Promise<readonly CheckpointRecord[]> {
    const rows = await this.#database.run((queries) =>
      queries.checkpoint.findMany({
        where: { projectId, experimentId, ...condition },
        orderBy: { step: 'desc' },
        take: limit,
      }),
    );
    return rows.map(({ step, manifest, sizeBytes, createdAt }) => ({
      step,
      id: manifest,
      sizeBytes: Number(sizeBytes),
      createdAt,
    }));
  }
}

/** Removes the checkpoints that are not kept any more now that one is committed. Call under the experiment's row lock. */
async function removeOthers(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
  committedStep: number,
  keepLast: number,
): Promise<void> {
  const rows = await queries.checkpoint.findMany({
    where: { projectId, experimentId },
    select: { step: true, needsSteps: true },
  });
  const pins = await pinsOf(queries, { projectId, experimentId });
  const pinned = new Set(pins.map(({ step }) => step));
  const removed = stepsToRemove(rows, committedStep, keepLast, pinned);
  await queries.checkpoint.deleteMany({ where: { projectId, experimentId, step: { in: [...removed] } } });
}
