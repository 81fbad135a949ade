// Attempts: each takes the experiment's next lease, and with it the sole right to write for the experiment.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import type { NumericProfile } from '../experiment/profile.ts';
import { hasEnded } from '../experiment/state.ts';
import type { Database, Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import type { AttemptCause, AttemptPhase } from '../experiment/attempt.ts';
import { segmentFor } from './ledger-segment.ts';
import { lastStep } from './ledger-steps.ts';
import { lockExperiment, lockForHolder, type LeaseHolder } from './experiment-lock.ts';
import { announceChange } from './notification.ts';
import { closeOpenAttempts, type AttemptEnd } from './open-attempts.ts';

export interface NewAttempt extends ExperimentReference {
  readonly phase: AttemptPhase;
  readonly host: string;
}

export interface AttemptRecord {
  readonly lease: number;
  readonly phase: AttemptPhase;
  readonly host: string;
  readonly provider: string | null;
  readonly threads: number | null;
  readonly profile: NumericProfile | null;
  readonly segment: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly cause: AttemptCause | null;
  readonly message: string | null;
  readonly startStep: number | null;
  readonly stepsDone: number;
  readonly stepsRepeated: number;
  /** When it came back after it had been replaced, and was refused. */
  readonly refusedAt: Date | null;
}

/** Why a phase has not got on. */
export interface PhaseFailure {
  /** Of the last attempt that failed. */
  readonly message: string;
  /** When the first of them in a row did. */
  readonly since: Date;
  /** How many in a row have failed. */
  readonly attempts: number;
}

export interface AttemptProfile {
  readonly profile: NumericProfile;
  readonly threads: number;
  readonly provider: string;
  /** The step that the attempt goes on from. */
  readonly startStep: number;
}

/** The beginnings and ends of attempts, and the leases that they hold. Every method throws CodedError `database_unavailable`. */
export class AttemptRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Begins an attempt: from now on every earlier attempt's writes are refused, and those still open count as lost.
   *
   * @throws CodedError `transition_not_allowed` when the experiment has ended; `not_found`.
   */
  async beginAttempt(attempt: NewAttempt): Promise<LeaseHolder> {
    const { projectId, experimentId, phase, host } = attempt;
    return this.#database.transaction(async (queries) => {
      const locked = await lockExperiment(queries, attempt);
      if (hasEnded(locked.state))
        throw new CodedError('transition_not_allowed', `The experiment has ended: it is ${locked.state}.`);
      await closeOpenAttempts(queries, attempt, { cause: 'lost' });
      const [begun] = await queries.$queryRaw<{ lease: number; token: string }[]>`
        WITH raised AS (
          UPDATE experiment SET lease = lease + 1
          WHERE project_id = ${projectId} AND id = ${experimentId} RETURNING lease)
        INSERT INTO attempt (project_id, experiment_id, lease, phase, host)
        SELECT ${projectId}, ${experimentId}, lease, ${phase}, ${host} FROM raised RETURNING lease, token::text`;
      if (begun === undefined) throw new Error('the row is there: its lock is held');
      const { lease, token } = begun;
      await appendEvent(queries, attempt, 'attemptStarted', { lease, phase, host });
      return { projectId, experimentId, lease, token };
    });
  }

  /**
   * Ends the attempt; the second time changes nothing.
   *
   * @throws CodedError `lease_lost`; that it was refused is noted.
   */
  async finishAttempt(holder: LeaseHolder, end: Omit<AttemptEnd, 'lease'>): Promise<void> {
    try {
      await this.#finish(holder, end);
    } catch (error) {
      if (error instanceof CodedError && error.code === 'lease_lost') await this.#noteRefusal(holder);
      throw error;
    }
  }

  async #finish(holder: LeaseHolder, { cause, message }: Omit<AttemptEnd, 'lease'>): Promise<void> {
    await this.#database.transaction(async (queries) => {
      const { requestedAction } = await lockForHolder(queries, holder);
      // Temporal cancels the attempt for both; a pause may have been withdrawn meanwhile.
      const isPause = cause === 'cancelled' && (requestedAction === 'pause' || requestedAction === 'resume');
      await closeOpenAttempts(queries, holder, {
        cause: isPause ? 'paused' : cause,
        lease: holder.lease,
        ...(message !== undefined && { message }),
      });
    });
  }

  /** Tells a process that stood still from one that was killed: it came back, too late. */
  async #noteRefusal({ projectId, experimentId, lease, token }: LeaseHolder): Promise<void> {
    await this.#database.run(
      (queries) => queries.$executeRaw`
        UPDATE attempt SET refused_at = now()
        WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND lease = ${lease}::int
          AND token::text = ${token} AND cause = 'lost' AND refused_at IS NULL`,
    );
  }

  /**
   * Ends the attempts that are open as lost and raises the lease, so that who still holds the old one is refused at
   * once. Nothing changes when none is open.
   *
   * @throws CodedError `not_found` when there is no such experiment.
   */
  async revoke(reference: ExperimentReference): Promise<void> {
    await this.#database.transaction(async (queries) => {
      const { state } = await lockExperiment(queries, reference);
      if (hasEnded(state)) return;
      const closed = await closeOpenAttempts(queries, reference, { cause: 'lost' });
      if (closed > 0) await raiseLease(queries, reference);
    });
  }

  /**
   * Notes that a training attempt is ready, and what it computes with. The same profile as that of the ledger's last
   * segment keeps the segment; another one opens the next, and tells what is different.
   *
   * @returns its segment, and the last step that was recorded before it.
   * @throws CodedError `lease_lost`.
   */
  async setAttemptProfile(
    holder: LeaseHolder,
    { profile, threads, provider, startStep }: AttemptProfile,
  ): Promise<{ readonly segment: number; readonly recordedStep: number }> {
    const { projectId, experimentId, lease } = holder;
    return this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      const segment = await segmentFor(queries, holder, { profile, startStep });
      const recordedStep = await lastStep(queries, holder);
      await queries.$executeRaw`
        UPDATE attempt SET profile = ${JSON.stringify(profile)}::jsonb, threads = ${threads}::int,
          provider = ${provider}, start_step = ${startStep}::int, segment = ${segment}::int,
          recorded_step = ${recordedStep}::int, restored_at = now()
        WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND lease = ${lease}::int`;
      await announceChange(queries, holder);
      return { segment, recordedStep };
    });
  }

  /** Experiments with an attempt that has not ended, begun on a machine of this name; at most `limit`. */
  async openOn(host: string, limit: number): Promise<readonly ExperimentReference[]> {
    return this.#database.run((queries) =>
      queries.attempt.findMany({
        where: { host, endedAt: null },
        orderBy: { startedAt: 'desc' },
        take: limit,
        select: { projectId: true, experimentId: true },
      }),
    );
  }

  /**
   * What the last attempts at a phase failed with, of those in a row that failed; `null` when the last that ended did not. A
   * running one changes nothing of it.
   */
  async lastFailure(
    { projectId, experimentId }: ExperimentReference,
    phase: AttemptPhase,
  ): Promise<PhaseFailure | null> {
    const [failure] = await this.#database.run(
      (queries) => queries.$queryRaw<PhaseFailure[]>`
        WITH ended AS (
          SELECT lease, message, ended_at, cause = 'failed' AND message IS NOT NULL AS failed FROM attempt
          WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND phase = ${phase}
            AND ended_at IS NOT NULL)
        SELECT count(*)::int AS attempts, min(ended_at) AS since, (array_agg(message ORDER BY lease DESC))[1] AS message
        FROM ended WHERE lease > COALESCE((SELECT max(lease) FROM ended WHERE NOT failed), 0)
        HAVING count(*) > 0`,
    );
    return failure ?? null;
  }

  /**
   * Attempts at training, oldest first.
   *
   * @param page all of them where it is left out.
   */
  async listAttempts(
    { projectId, experimentId }: ExperimentReference,
    { limit, afterLease = 0 }: { readonly limit?: number; readonly afterLease?: number } = {},
  ): Promise<readonly AttemptRecord[]> {
    const rows = await this.#database.run((queries) =>
      queries.attempt.findMany({
        where: { projectId, experimentId, phase: 'training', lease: { gt: afterLease } },
        orderBy: { lease: 'asc' },
        ...(limit !== undefined && { take: limit }),
        select: attemptColumns,
      }),
    );
    // This room alone writes these columns, by the same types.
    return rows as unknown as AttemptRecord[];
  }

  /** The profile that the first training attempt fixed: later ones keep its number of threads. */
  async firstProfile({ projectId, experimentId }: ExperimentReference): Promise<NumericProfile | undefined> {
    const first = await this.#database.run((queries) =>
      queries.ledgerSegment.findFirst({
        where: { projectId, experimentId },
        orderBy: { segment: 'asc' },
        select: { profile: true },
      }),
    );
    // This room alone writes the column, by the same type.
    return first?.profile as unknown as NumericProfile | undefined;
  }
}

/** Gives the experiment its next lease. Call under the row's lock. */
export async function raiseLease(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
): Promise<number> {
  const [raised] = await queries.$queryRaw<{ lease: number }[]>`
    UPDATE experiment SET lease = lease + 1
    WHERE project_id = ${projectId} AND id = ${experimentId} RETURNING lease`;
  if (raised === undefined) throw new Error('the row is there: its lock is held');
  return raised.lease;
}

const attemptColumns = {
  lease: true,
  phase: true,
  host: true,
  provider: true,
  threads: true,
  profile: true,
  segment: true,
  startedAt: true,
  endedAt: true,
  cause: true,
  message: true,
  startStep: true,
  stepsDone: true,
  stepsRepeated: true,
  refusedAt: true,
} as const;
