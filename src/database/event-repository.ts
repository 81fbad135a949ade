// What happened to an experiment, numbered from 1 without a gap: the source of its event stream.
import type { ExperimentReference } from '../experiment/activity.ts';
import type { Database, Queries } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { channels } from './notification.ts';

export const eventTypes = [
  'created',
  'forked',
  'stateChanged',
  'pauseRequested',
  'resumeRequested',
  'cancelRequested',
  'attemptStarted',
  'attemptEnded',
  'checkpointCommitted',
  'segmentOpened',
  'stepsReplaced',
  'snapshotReady',
  'evaluationReady',
  'verificationAsked',
  'verificationDecided',
  'reconciled',
] as const;

export type EventType = (typeof eventTypes)[number];

export interface ExperimentEvent {
  readonly number: number;
  readonly type: string;
  readonly data: Prisma.JsonValue;
  readonly createdAt: Date;
}

/**
 * Adds an event, and with it the experiment's next version. The count lives in the experiment's row, whose lock the
 * caller holds (or gets here): a sequence would number events before they commit, and a reader would miss some.
 */
export async function appendEvent(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
  type: EventType,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await queries.$queryRaw`
    WITH counted AS (
      UPDATE experiment SET event_count = event_count + 1, version = version + 1
      WHERE project_id = ${projectId} AND id = ${experimentId} RETURNING event_count),
    added AS (
      INSERT INTO event (project_id, experiment_id, number, type, data)
      SELECT ${projectId}, ${experimentId}, event_count, ${type}, ${JSON.stringify(data)}::jsonb FROM counted
      RETURNING experiment_id)
    SELECT pg_notify(${channels.experimentChanged}, experiment_id)::text FROM added`;
}

/** What happened to an experiment, numbered. Every method throws CodedError `database_unavailable`. */
export class EventRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The next events after a number, in order, at most `limit`. */
  async eventsAfter(
    { projectId, experimentId }: ExperimentReference,
    number: number,
    limit: number,
  ): Promise<readonly ExperimentEvent[]> {
    return this.#database.run((queries) =>
      queries.event.findMany({
        where: { projectId, experimentId, number: { gt: number } },
        orderBy: { number: 'asc' },
        take: limit,
        select: { number: true, type: true, data: true, createdAt: true },
      }),
    );
  }
}
