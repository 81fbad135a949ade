// Attempts: each takes the experiment's next lease, and with it the sole right to write for the experiment.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { hasEnded } from '../experiment/state.ts';
import { closeOpenAttempts, type AttemptCause } from './transition-repository.ts';
import type { Database } from './client.ts';
import { appendEvent } from './event-repository.ts';
import type { AttemptPhase } from './experiment-record.ts';
import { lockExperiment, lockForHolder, type LeaseHolder } from './lock.ts';
import { announceChange } from './notification.ts';

/** What the bits of a run depend on; compared as a whole. */
export type NumericProfile = Readonly<Record<string, string | number | boolean | null>>;

export interface NewAttempt extends ExperimentReference {
  readonly phase: AttemptPhase;
  readonly host: string;
  readonly provider?: string;
  readonly threads?: number;
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
}

export interface AttemptProfile {
  readonly profile: NumericProfile;
  readonly threads: number;
  readonly provider: string;
  /** The step that the attempt goes on from. */
  readonly startStep: number;
}

const longestMessageCharacters = 2000;

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
    const { projectId, experimentId, phase, host, provider = null, threads = null } = attempt;
    return this.#database.transaction(async (queries) => {
      const locked = await lockExperiment(queries, attempt);
      if (hasEnded(locked.state))
        throw new CodedError('transition_not_allowed', `The experiment has ended: it is ${locked.state}.`);
      await closeOpenAttempts(queries, attempt, 'lost');
      const lease = locked.lease + 1;
      await queries.experiment.update({
        where: { projectId_id: { projectId, id: experimentId } },
        data: { lease },
        select: { id: true },
      });
      await queries.attempt.create({
        data: { projectId, experimentId, lease, phase, host, provider, threads },
        select: { lease: true },
      });
      await appendEvent(queries, attempt, 'attemptStarted', { lease, phase, host });
      return { projectId, experimentId, lease };
    });
  }

  /**
   * Ends the attempt; the second time changes nothing.
   *
   * @throws CodedError `lease_lost`.
   */
  async finishAttempt(
    holder: LeaseHolder,
    { cause, message }: { readonly cause: AttemptCause; readonly message?: string },
  ): Promise<void> {
    await this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      const { count } = await queries.attempt.updateMany({
        where: { ...keyOf(holder), endedAt: null },
        data: { endedAt: new Date(), cause, message: message?.slice(0, longestMessageCharacters) ?? null },
      });
      if (count > 0)
        await appendEvent(queries, holder, 'attemptEnded', {
          lease: holder.lease,
          cause,
          ...(message !== undefined && { message: message.slice(0, longestMessageCharacters) }),
        });
    });
  }

  /**
   * Notes what a training attempt computes with. The same profile as the training attempt before keeps its segment of
   * the ledger; another one opens the next.
   *
   * @throws CodedError `lease_lost`.
   */
  async setAttemptProfile(
    holder: LeaseHolder,
    { profile, threads, provider, startStep }: AttemptProfile,
  ): Promise<{ readonly segment: number }> {
    const { projectId, experimentId, lease } = holder;
    return this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      const [updated] = await queries.$queryRaw<{ segment: number }[]>`
        UPDATE attempt SET profile = ${JSON.stringify(profile)}::jsonb, threads = ${threads}::int,
          provider = ${provider}, start_step = ${startStep}::int,
          segment = COALESCE((
            SELECT earlier.segment + CASE WHEN earlier.profile = ${JSON.stringify(profile)}::jsonb THEN 0 ELSE 1 END
            FROM attempt earlier
            WHERE earlier.project_id = ${projectId} AND earlier.experiment_id = ${experimentId}
              AND earlier.lease < ${lease}::int AND earlier.profile IS NOT NULL
            ORDER BY earlier.lease DESC LIMIT 1), 0)
        WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND lease = ${lease}::int
        RETURNING segment`;
      await announceChange(queries, holder);
      return { segment: updated?.segment ?? 0 };
    });
  }

  /** The attempts at training, oldest first. */
  async listAttempts({ projectId, experimentId }: ExperimentReference): Promise<readonly AttemptRecord[]> {
    const rows = await this.#database.run((queries) =>
      queries.attempt.findMany({
        where: { projectId, experimentId, phase: 'training' },
        orderBy: { lease: 'asc' },
        select: attemptColumns,
      }),
    );
    // This room alone writes these columns, by the same types.
    return rows as unknown as AttemptRecord[];
  }

  /** The profile that the first training attempt fixed: later ones keep its number of threads. */
  async firstProfile({
    projectId,
    experimentId,
  }: ExperimentReference): Promise<
    { readonly profile: NumericProfile; readonly threads: number } | undefined
  > {
    const attempts = await this.listAttempts({ projectId, experimentId });
    const first = attempts.find(({ profile }) => profile !== null);
    return first?.profile && first.threads !== null
      ? { profile: first.profile, threads: first.threads }
      : undefined;
  }
}

function keyOf({ projectId, experimentId, lease }: LeaseHolder) {
  return { projectId, experimentId, lease };
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
} as const;
