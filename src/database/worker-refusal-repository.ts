// Workers that are up and do not poll: what they tell the API about why. Of processes, not of projects.
import type { Database } from './client.ts';

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

export class WorkerRefusalRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Says that a worker refuses, and forgets what ended ones said. */
  async refuse({ workerId, workflows, lastSeenAt }: WorkerRefusal): Promise<void> {
    const data = { workerId, workflows: workflows.map((workflow) => ({ ...workflow })), lastSeenAt };
    await this.#database.run(async (queries) => {
      await queries.workerRefusal.deleteMany({ where: { lastSeenAt: { lt: oldest(lastSeenAt) } } });
      await queries.workerRefusal.upsert({ where: { workerId }, create: data, update: data });
    });
  }

  /** Says that a worker refuses no more. */
  async withdraw(workerId: string): Promise<void> {
    await this.#database.run((queries) => queries.workerRefusal.deleteMany({ where: { workerId } }));
  }

  /** Those that refuse at a time. */
  async current(now: Date): Promise<readonly WorkerRefusal[]> {
    const rows = await this.#database.run((queries) =>
      queries.workerRefusal.findMany({
        where: { lastSeenAt: { gte: oldest(now) } },
        orderBy: { workerId: 'asc' },
      }),
    );
    // This room alone writes the column, by the same type.
    return rows.map((row) => ({ ...row, workflows: row.workflows as unknown as readonly BrokenWorkflow[] }));
  }
}

function oldest(now: Date): Date {
  return new Date(now.getTime() - silenceSeconds * 1000);
}
