// What Temporal has still to be told, written in the transaction of what it follows from and delivered at least once.
import type { ExperimentReference } from '../experiment/activity.ts';
import type { RequestedAction } from '../experiment/state.ts';
import type { Database, Queries } from './client.ts';
import { Prisma } from './generated/client.ts';
import { announceChange, channels } from './notification.ts';

/** `restart`: a workflow takes the place of the one before, if there is one, and goes on from what the row says. */
export type OutboxKind = 'start' | 'restart' | RequestedAction | 'storeHistory' | 'verify';

/** The orders after which a workflow will be there. */
export const startKinds: readonly OutboxKind[] = ['start', 'restart'];

/** How long a claimed row is kept from other dispatchers; one that died in between loses it then. */
const claimSeconds = 30;
const longestErrorCharacters = 1000;
/** A workflow closes a moment after the transition that ends its experiment: its history lacks the end before. */
const closingSeconds = 1;

/** An experiment's rows are delivered strictly in their order: the oldest alone can be claimed. */
const isFirstOfExperiment = Prisma.sql`
  NOT EXISTS (
    SELECT FROM outbox earlier
    WHERE earlier.project_id = candidate.project_id AND earlier.experiment_id = candidate.experiment_id
      AND earlier.id < candidate.id)`;

export interface OutboxRow extends ExperimentReference {
  readonly id: bigint;
  readonly kind: OutboxKind;
  /** The id of the verification that is to begin; `null` of other kinds. */
  readonly subject: string | null;
  /** Deliveries that failed. */
  readonly attempts: number;
  /**
   * Greater with each order of the experiment, also after the database was restored; `null` of a row that version 0.2 or one
   * before it added.
   */
  readonly orderNumber: number | null;
  /** How often it was claimed, this time included: the claim is held until it is claimed again. */
  readonly claims: number;
}

/**
 * Adds a row and wakes the dispatcher when the transaction commits. Its number is that of the clock in milliseconds, or the next
 * after the last where the clock was put back: what was restored from a copy gives no number a second time.
 */
export async function addToOutbox(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
  kind: OutboxKind,
  subject: string | null = null,
): Promise<void> {
  const delaySeconds = kind === 'storeHistory' ? closingSeconds : 0;
  await queries.$queryRaw`
    WITH ordering AS (
      UPDATE experiment
      SET last_order = GREATEST(last_order + 1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
      WHERE project_id = ${projectId} AND id = ${experimentId} RETURNING last_order),
    added AS (
      INSERT INTO outbox (project_id, experiment_id, kind, subject, not_before, order_number)
      SELECT ${projectId}, ${experimentId}, ${kind}, ${subject}, ${fromNow(delaySeconds)}, last_order FROM ordering
      RETURNING id)
    SELECT pg_notify(${channels.outbox}, '')::text FROM added`;
}

/**
 * A time by the database's clock alone, from when the statement runs: the clocks of those who share the outbox may differ, and
 * a statement may have waited for its turn.
 */
const fromNow = (seconds: number): Prisma.Sql =>
  Prisma.sql`statement_timestamp() + make_interval(secs => ${seconds}::float8)`;

/** What Temporal is still to be told, in order for each experiment. Every method throws CodedError `database_unavailable`. */
export class Outbox {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Takes the oldest row that is due and keeps it from others for 30 s. An experiment's rows come strictly in their
   * order: a later one is not due while an earlier one exists.
   */
  async claim(): Promise<OutboxRow | undefined> {
    const [row] = await this.#database.run((queries) =>
      queries.$queryRaw<OutboxRow[]>(Prisma.sql`
        UPDATE outbox SET not_before = ${fromNow(claimSeconds)}, claims = claims + 1
        WHERE id = (
          SELECT candidate.id FROM outbox candidate
          WHERE candidate.not_before <= statement_timestamp()
            AND ${isFirstOfExperiment}
          ORDER BY candidate.id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, project_id AS "projectId", experiment_id AS "experimentId", kind, subject, attempts,
          order_number::float8 AS "orderNumber", claims`),
    );
    return row;
  }

  /**
   * Keeps a claimed row from others for 30 s more, from now on.
   *
   * @returns `false` where another dispatcher has claimed it since, or it is gone: it is not this one's to deliver any more.
   */
  async renew(row: OutboxRow): Promise<boolean> {
    const count = await this.#database.run(
      (queries) =>
        queries.$executeRaw`
          UPDATE outbox SET not_before = ${fromNow(claimSeconds)} WHERE ${isHeld(row)}`,
    );
    return count > 0;
  }

  /**
   * Seconds until the earliest row that can be claimed is due, or `undefined` when there is none. A row behind an earlier one of
   * its experiment does not count: it cannot be claimed before that one is delivered.
   */
  async secondsUntilDue(): Promise<number | undefined> {
    const [row] = await this.#database.run((queries) =>
      queries.$queryRaw<{ seconds: number | null }[]>(Prisma.sql`
        SELECT extract(epoch FROM min(candidate.not_before) - statement_timestamp())::float8 AS seconds
        FROM outbox candidate WHERE ${isFirstOfExperiment}`),
    );
    return row?.seconds ?? undefined;
  }

  /**
   * Forgets a row that was delivered; the experiment's next one becomes due, and dispatchers are told where there is one. A row
   * that another dispatcher has claimed since stays until that one is through with it: what follows must not come before.
   */
  async delivered(row: OutboxRow): Promise<void> {
    if (startKinds.includes(row.kind) && row.attempts > 0)
      await this.#database.transaction(async (queries) => {
        if (await forget(queries, row)) await announceChange(queries, row);
      });
    else await this.#database.run((queries) => forget(queries, row));
  }

  /** Puts a row off that could not be delivered, and counts that; not where another dispatcher has claimed it since. */
  async postpone(row: OutboxRow, error: string, delaySeconds: number): Promise<void> {
    await this.#database.transaction(async (queries) => {
      const count = await queries.$executeRaw`
        UPDATE outbox SET attempts = attempts + 1, last_error = ${error.slice(0, longestErrorCharacters)},
          not_before = ${fromNow(delaySeconds)}
        WHERE ${isHeld(row)}`;
      // From the first failure on a reader is told that the experiment waits for Temporal.
      if (count > 0 && startKinds.includes(row.kind) && row.attempts === 0)
        await announceChange(queries, row);
    });
  }
}

const isHeld = ({ id, claims }: OutboxRow): Prisma.Sql => Prisma.sql`id = ${id} AND claims = ${claims}`;

/** @returns whether the row was there, and held. */
async function forget(queries: Queries, row: OutboxRow): Promise<boolean> {
  const gone = await queries.$queryRaw<{ id: bigint }[]>(Prisma.sql`
    WITH gone AS (DELETE FROM outbox WHERE ${isHeld(row)} RETURNING id, project_id, experiment_id)
    SELECT id, CASE WHEN EXISTS (
      SELECT FROM outbox later
      WHERE later.project_id = gone.project_id AND later.experiment_id = gone.experiment_id AND later.id <> gone.id
    ) THEN pg_notify(${channels.outbox}, '')::text END
    FROM gone`);
  return gone.length > 0;
}
