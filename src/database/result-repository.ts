// What an experiment brings forth besides checkpoints: its snapshot, its evaluation, its stored history.
import type { ExperimentReference } from '../experiment/activity.ts';
import { requirePinned } from './blob-pins.ts';
import type { Database } from './client.ts';
import { appendEvent } from './event-repository.ts';
import type { EvaluationSummary, SnapshotSummary } from './experiment-record.ts';
import { lockExperiment, lockForHolder, type LeaseHolder } from './experiment-lock.ts';
import { announceChange } from './notification.ts';

/**
 * What an experiment comes to: snapshot, evaluation, report and histories. Every method throws CodedError
 * `database_unavailable`.
 */
export class ResultRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws CodedError `lease_lost`. */
  async setSnapshot(holder: LeaseHolder, snapshot: SnapshotSummary): Promise<void> {
    await this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      await queries.$executeRaw`
        UPDATE experiment SET snapshot = ${JSON.stringify(snapshot)}::jsonb
        WHERE project_id = ${holder.projectId} AND id = ${holder.experimentId}`;
      await appendEvent(queries, holder, 'snapshotReady', { id: snapshot.id, rows: snapshot.rows });
    });
  }

  /** @throws CodedError `lease_lost`. */
  async setEvaluation(
    holder: LeaseHolder,
    { metrics, reportSha256 }: EvaluationSummary & { readonly reportSha256: string },
  ): Promise<void> {
    await this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      await queries.$executeRaw`
        UPDATE experiment SET evaluation = ${JSON.stringify({ metrics })}::jsonb, report_sha256 = ${reportSha256}
        WHERE project_id = ${holder.projectId} AND id = ${holder.experimentId}`;
      await appendEvent(queries, holder, 'evaluationReady', { metrics });
    });
  }

  /**
   * Names the blob of the workflow's history, which must be pinned. It comes after the end, when no lease is left to hold.
   *
   * @throws CodedError `not_found`; `storage_unavailable` when the blob is not pinned any more.
   */
  async setHistory(reference: ExperimentReference, sha256: string): Promise<void> {
    await this.#database.transaction(async (queries) => {
      await lockExperiment(queries, reference);
      await requirePinned(queries, reference.projectId, [sha256]);
      await queries.$executeRaw`
        UPDATE experiment SET history_sha256 = ${sha256}
        WHERE project_id = ${reference.projectId} AND id = ${reference.experimentId}`;
      await announceChange(queries, reference);
    });
  }
}
