// Verifications of experiments: asked for once, decided once.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { newVerificationId } from '../experiment/id.ts';
import { notFound } from '../experiment/not-found.ts';
import type { VerificationFacts } from '../experiment/reconcile.ts';
import type { StepSpan, VerificationState, Verdict } from '../experiment/verification.ts';
import type { Database, Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import { lastStep } from './ledger-steps.ts';
import { lockExperiment } from './experiment-lock.ts';
import { addToOutbox } from './outbox.ts';
import { decodeCursor, olderThan, pageOf, type Page } from './page.ts';

export interface VerificationRecord extends StepSpan {
  readonly id: string;
  readonly experimentId: string;
  readonly state: VerificationState;
  readonly firstDifferentStep: number | null;
  readonly reason: string | null;
  /** The machine that computes, or computed. */
  readonly host: string | null;
  readonly createdAt: Date;
  /** When a worker took it up, the last one if there were several; `null` while it waits for one. */
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** Which verification, within its project. */
export interface VerificationReference extends ExperimentReference {
  readonly verificationId: string;
}

export interface UnfinishedVerification extends VerificationReference, VerificationFacts {}

/** Of an experiment: they take the place of training on the workers. */
const mostUnfinished = 20;

/** Verifications: asked for, taken up, decided once. Every method throws CodedError `database_unavailable`. */
export class VerificationRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores that a span is to be verified, and the order to do so.
   *
   * @throws CodedError `not_found`; `step_not_trained` when the span goes beyond the ledger; `too_many_verifications` when 20
   * of the experiment are not decided.
   */
  async create(reference: ExperimentReference, { fromStep, toStep }: StepSpan): Promise<VerificationRecord> {
    const { projectId, experimentId } = reference;
    return this.#database.transaction(async (queries) => {
      await lockExperiment(queries, reference);
      const last = await lastStep(queries, reference);
      if (toStep > last)
        throw new CodedError('step_not_trained', `The last step that was trained is ${last}.`, {
          problems: [{ path: '/toStep', message: `must be at most ${last}` }],
        });
      const open = await queries.verification.count({ where: { projectId, experimentId, state: 'running' } });
      if (open >= mostUnfinished)
        throw new CodedError(
          'too_many_verifications',
          `${open} verifications of the experiment are not decided; at most ${mostUnfinished} may be.`,
        );
      const id = newVerificationId();
      // By the clock of the database, as all its times: Prisma would write that of this process.
      await queries.$executeRaw`
        INSERT INTO verification (project_id, id, experiment_id, from_step, to_step)
        VALUES (${projectId}, ${id}, ${experimentId}, ${fromStep}::int, ${toStep}::int)`;
      const created = await queries.verification.findUniqueOrThrow({
        where: { projectId_id: { projectId, id } },
      });
      await appendEvent(queries, reference, 'verificationAsked', { id, fromStep, toStep });
      await addToOutbox(queries, reference, 'verify', id);
      return recordOf(created);
    });
  }

  /** @throws CodedError `not_found`. */
  async require({
    projectId,
    experimentId,
    verificationId: id,
  }: VerificationReference): Promise<VerificationRecord> {
    const found = await this.#database.run((queries) =>
      queries.verification.findFirst({ where: { projectId, experimentId, id } }),
    );
    if (!found) throw notFound('verification', id);
    return recordOf(found);
  }

  /** Those of an experiment, newest first. @throws CodedError `invalid_request` for a cursor that no page gave. */
  async list(
    { projectId, experimentId }: ExperimentReference,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<VerificationRecord>> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.#database.run((queries) =>
      queries.verification.findMany({
        where: { projectId, experimentId, ...(after && olderThan(after)) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      }),
    );
    return pageOf(rows.map(recordOf), limit);
  }

  /** Notes that a worker of a machine has taken it up. */
  async begin(
    { projectId, experimentId, verificationId: id }: VerificationReference,
    host: string,
  ): Promise<void> {
    await this.#database.run(
      (queries) => queries.$executeRaw`
        UPDATE verification SET host = ${host}, started_at = now()
        WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND id = ${id} AND state = 'running'`,
    );
  }

  /** Ids of those that a worker of a machine of this name has taken up and not ended; at most `limit`. */
  async runningOn(host: string, limit: number): Promise<readonly string[]> {
    // The state as a literal: only then does the plan of a prepared statement use the index of the running ones.
    const rows = await this.#database.run(
      (queries) => queries.$queryRaw<{ id: string }[]>`
        SELECT id FROM verification WHERE host = ${host} AND state = 'running'
        ORDER BY started_at DESC LIMIT ${limit}::int`,
    );
    return rows.map(({ id }) => id);
  }

  /** Those of all experiments that are not decided. */
  async unfinished(): Promise<readonly UnfinishedVerification[]> {
    return this.#database.run(
      (queries) => queries.$queryRaw<UnfinishedVerification[]>`
        SELECT v.project_id AS "projectId", v.experiment_id AS "experimentId", v.id AS "verificationId",
          extract(epoch FROM now() - v.created_at)::float8 AS "ageSeconds",
          EXISTS (SELECT FROM outbox o
            WHERE o.project_id = v.project_id AND o.experiment_id = v.experiment_id AND o.subject = v.id)
            AS "isToStart"
        FROM verification v WHERE v.state = 'running' ORDER BY v.id`,
    );
  }

  /** Which of these ids there are, whatever their project and whether they are decided. */
  async known(verificationIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#database.run((queries) =>
      queries.verification.findMany({ where: { id: { in: [...verificationIds] } }, select: { id: true } }),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Writes the verdict; the second time changes nothing, and so does one for a verification that is gone.
   *
   * @returns whether it was written.
   */
  async decide(
    reference: VerificationReference,
    { state, firstDifferentStep, reason }: Verdict,
    host: string | null,
  ): Promise<boolean> {
    const { projectId, experimentId, verificationId: id } = reference;
    return this.#database.transaction(async (queries) => {
      // In the order of whoever deletes the experiment: its row, then those that belong to it.
      if (!(await isLocked(queries, reference))) return false;
      const count = await queries.$executeRaw`
        UPDATE verification SET state = ${state}, first_different_step = ${firstDifferentStep}::int, reason = ${reason},
          host = ${host}, finished_at = now()
        WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND id = ${id} AND state = 'running'`;
      if (count > 0)
        await appendEvent(queries, reference, 'verificationDecided', { id, state, firstDifferentStep });
      return count > 0;
    });
  }
}

/** Locks the experiment's row. @returns whether there is one. */
async function isLocked(queries: Queries, reference: ExperimentReference): Promise<boolean> {
  try {
    await lockExperiment(queries, reference);
    return true;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'not_found') return false;
    throw error;
  }
}

type Row = Omit<VerificationRecord, 'state'> & { readonly state: string };

function recordOf({ id, experimentId, fromStep, toStep, ...rest }: Row): VerificationRecord {
  const { state, firstDifferentStep, reason, host, createdAt, startedAt, finishedAt } = rest;
  return {
    id,
    experimentId,
    fromStep,
    toStep,
    // This room alone writes the column, by the same type.
    state: state as VerificationState,
    firstDifferentStep,
    reason,
    host,
    createdAt,
    startedAt,
    finishedAt,
  };
}
