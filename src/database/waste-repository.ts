// The times of attempts, from which it is told where the time of experiments went.
import type { ExperimentReference } from '../experiment/activity.ts';
import type { ExperimentState } from '../experiment/state.ts';
import type { Pause, TimedAttempt, TimedExperiment } from '../waste/waste.ts';
import type { Database } from './client.ts';

/** Experiments that are read at once. */
const experimentsAPage = 200;

/** The times of attempts and pauses. Every method throws CodedError `database_unavailable`. */
export class WasteRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns undefined when there is no such experiment. */
  async timesOf({ projectId, experimentId }: ExperimentReference): Promise<TimedExperiment | undefined> {
    const found = await this.#database.run((queries) =>
      queries.experiment.findUnique({
        where: { projectId_id: { projectId, id: experimentId } },
        select: timesSelection,
      }),
    );
    return found ? timed(found) : undefined;
  }

  /** The experiments of a project that were not over before a time and had begun before another. */
  async *timesBetween(
    projectId: string,
    { from, to }: { readonly from: Date; readonly to: Date },
  ): AsyncGenerator<TimedExperiment> {
    let after = '';
    for (;;) {
      const page = await this.#database.run((queries) =>
        queries.experiment.findMany({
          where: {
            projectId,
            id: { gt: after },
            createdAt: { lt: to },
            OR: [{ finishedAt: null }, { finishedAt: { gte: from } }],
          },
          orderBy: { id: 'asc' },
          take: experimentsAPage,
          select: { id: true, ...timesSelection },
        }),
      );
      yield* page.map(timed);
      const last = page.at(-1);
      if (last === undefined || page.length < experimentsAPage) return;
      after = last.id;
    }
  }
}

const timesSelection = {
  createdAt: true,
  finishedAt: true,
  attempts: {
    orderBy: { lease: 'asc' },
    select: {
      phase: true,
      startedAt: true,
      endedAt: true,
      cause: true,
      restoredAt: true,
      refusedAt: true,
      usefulSeconds: true,
      repeatedSeconds: true,
      checkpointSeconds: true,
      evaluationSeconds: true,
    },
  },
  events: {
    where: { type: 'stateChanged' },
    orderBy: { number: 'asc' },
    select: { data: true, createdAt: true },
  },
} as const;

function timed(row: {
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  readonly attempts: readonly unknown[];
  readonly events: readonly { readonly data: unknown; readonly createdAt: Date }[];
}): TimedExperiment {
  const { createdAt, finishedAt, attempts, events } = row;
  // This room alone writes these columns, by the same types.
  return { createdAt, finishedAt, attempts: attempts as readonly TimedAttempt[], pauses: pausesOf(events) };
}

/** Each begins with the change to that state, and lasts to the next change. */
function pausesOf(
  changes: readonly { readonly data: unknown; readonly createdAt: Date }[],
): readonly Pause[] {
  return changes.flatMap(({ data, createdAt }, index) =>
    // This room alone writes the column, by the same type.
    (data as { readonly to: ExperimentState }).to === 'paused'
      ? [{ from: createdAt, to: changes[index + 1]?.createdAt ?? null }]
      : [],
  );
}
