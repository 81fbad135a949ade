// Workers that are up and do not poll: what they tell the API about why. Of processes, not of projects.
import type { Database } from './client.ts';
import { Prisma } from './generated/client.ts';

/** A workflow that the worker's code would break. */
export interface BrokenWorkflow {
  readonly workflowId: string;
  readonly reason: string;
}

export interface WorkerRefusal {
  /** `PROCESS@HOST`. */
  readonly workerId: string;
  readonly workflows: readonly BrokenWorkflow[];
  readonly lastSeenAt: Date;
}

/** A worker says it again every 10 s, also while it looks at the workflows; one that has been silent for this long has ended. */
const silenceSeconds = 30;

/** By the database's clock: that of the worker's machine may be another one than that of the API's. */
const isCurrent = Prisma.sql`last_seen_at >= clock_timestamp() - ${silenceSeconds}::int * interval '1 s'`;

/** Which workers refuse to poll, for as long as they say so. Every method throws CodedError `database_unavailable`. */
export class WorkerRefusalRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Says that a worker refuses, and forgets what ended ones said. */
  async refuse({ workerId, workflows }: Omit<WorkerRefusal, 'lastSeenAt'>): Promise<void> {
    await this.#database.run(async (queries) => {
      await queries.$executeRaw`DELETE FROM worker_refusal WHERE NOT ${isCurrent}`;
      await queries.$executeRaw`
        INSERT INTO worker_refusal (worker_id, workflows, last_seen_at)
        VALUES (${workerId}, ${JSON.stringify(workflows)}::jsonb, clock_timestamp())
        ON CONFLICT (worker_id) DO UPDATE
        SET workflows = excluded.workflows, last_seen_at = excluded.last_seen_at`;
    });
  }

  /** Says that a worker refuses no more. */
  async withdraw(workerId: string): Promise<void> {
    await this.#database.run((queries) => queries.workerRefusal.deleteMany({ where: { workerId } }));
  }

  /** Those that refuse now. */
  async current(): Promise<readonly WorkerRefusal[]> {
    return this.#database.run(
      (queries) => queries.$queryRaw<WorkerRefusal[]>`
        SELECT worker_id AS "workerId", workflows, last_seen_at AS "lastSeenAt" FROM worker_refusal
        WHERE ${isCurrent} ORDER BY worker_id`,
    );
  }
}
