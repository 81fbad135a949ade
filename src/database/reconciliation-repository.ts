// What reconciliation reads of experiments' rows, and how it mends them. Each repair is an event of its experiment.
import type { ExperimentReference } from '../experiment/activity.ts';
import type { Difference, RowFacts } from '../experiment/reconcile.ts';
import { endedStates, hasEnded, type RequestedAction } from '../experiment/state.ts';
import { raiseLease } from './attempt-repository.ts';
import type { Database, Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import { Prisma } from './generated/client.ts';
import { lockExperiment, type LockedExperiment } from './experiment-lock.ts';
import { closeOpenAttempts } from './open-attempts.ts';
import { addToOutbox, startKinds } from './outbox.ts';
import { applyTransition } from './transition-repository.ts';

/** More transitions than a workflow makes: those of the one before are all too late afterwards. */
const sequencesSkipped = 1000;

/** As words of the statement, not parameters of it: the index of what has not ended is used only where the planner sees them. */
const endedStatesInSql = Prisma.raw(endedStates.map((state) => `'${state}'`).join(', '));

export type ReconciledRow = ExperimentReference & Omit<RowFacts, 'manifestMissing'>;

/** Rows as reconciliation compares and mends them. Every method throws CodedError `database_unavailable`. */
export class ReconciliationRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Every experiment that has not ended, in the order of ids. */
  async liveRows(): Promise<readonly ReconciledRow[]> {
    return this.#rows(Prisma.sql`e.state NOT IN (${endedStatesInSql})`);
  }

  /** The experiments of these ids that there are, whatever their project. */
  async rowsOf(experimentIds: readonly string[]): Promise<readonly ReconciledRow[]> {
    return this.#rows(Prisma.sql`e.id = ANY(${experimentIds})`);
  }

  /**
   * Mends a row, unless it has moved since it was looked at.
   *
   * @param seen the state's number when it was.
   * @returns whether it was mended.
   */
  async repair(reference: ExperimentReference, seen: number, difference: Difference): Promise<boolean> {
    return this.#database.transaction(async (queries) => {
      const locked = await lockExperiment(queries, reference);
      if (locked.stateSequence !== seen) return false;
      const { found, repair } = difference;
      if (!(await isStillThere(queries, reference, repair))) return false;
      await appendEvent(queries, reference, 'reconciled', { found, ...repair });
      await mend(queries, reference, locked, repair);
      return true;
    });
  }

  #rows(condition: Prisma.Sql): Promise<readonly ReconciledRow[]> {
    return this.#database.run((queries) =>
      queries.$queryRaw<ReconciledRow[]>(Prisma.sql`
        SELECT e.project_id AS "projectId", e.id AS "experimentId", e.state,
          e.state_sequence AS "stateSequence",
          EXISTS (SELECT FROM outbox o
            WHERE o.project_id = e.project_id AND o.experiment_id = e.id AND o.kind = ANY(${startKinds}))
            AS "isToStart",
          e.snapshot IS NOT NULL AS "hasSnapshot", e.report_sha256 IS NOT NULL AS "hasReport",
          c.step AS "checkpointStep", c.manifest AS "checkpointId"
        FROM experiment e
        LEFT JOIN LATERAL (
          SELECT step, manifest FROM checkpoint
          WHERE project_id = e.project_id AND experiment_id = e.id ORDER BY step DESC LIMIT 1) c ON true
        WHERE ${condition} ORDER BY e.id`),
    );
  }
}

/** A checkpoint can be committed anew while the state's number stands still: training makes no transition. */
async function isStillThere(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
  repair: Difference['repair'],
): Promise<boolean> {
  if (repair.action !== 'forgetCheckpoint') return true;
  const { step, checkpointId: manifest } = repair;
  return (await queries.checkpoint.count({ where: { projectId, experimentId, step, manifest } })) > 0;
}

async function mend(
  queries: Queries,
  reference: ExperimentReference,
  locked: LockedExperiment,
  repair: Difference['repair'],
): Promise<void> {
  const { projectId, experimentId } = reference;
  switch (repair.action) {
    case 'startAgain':
      return startAgain(queries, reference, locked);
    case 'end': {
      if (hasEnded(locked.state)) return;
      const { state, error } = repair;
      const sequence = locked.stateSequence + 1;
      return applyTransition(queries, { ...reference, sequence, state, error }, locked);
    }
    case 'forgetCheckpoint':
      await queries.checkpoint.deleteMany({ where: { projectId, experimentId, step: repair.step } });
      return;
    case 'terminateWorkflow':
      // Done in Temporal; the event alone is of the row.
      return;
  }
}

/** Whoever works for the workflow before can write no more, and its transitions come too late. */
async function startAgain(
  queries: Queries,
  reference: ExperimentReference,
  locked: LockedExperiment,
): Promise<void> {
  const requestedAction = stillToDo(locked);
  await closeOpenAttempts(queries, reference, { cause: 'lost' });
  await raiseLease(queries, reference);
  await queries.experiment.update({
    where: { projectId_id: { projectId: reference.projectId, id: reference.experimentId } },
    data: {
      stateSequence: { increment: sequencesSkipped },
      requestedAction,
      pendingRequests: requestedAction === null || requestedAction === 'cancel' ? 0 : 1,
    },
    select: { id: true },
  });
  await addToOutbox(queries, reference, 'restart');
  // What the user asked for may have been told to the workflow before.
  if (requestedAction !== null) await addToOutbox(queries, reference, requestedAction);
}

/** Of what was asked for last; pauses and resumes before it were for the workflow before. */
function stillToDo({ state, requestedAction }: LockedExperiment): RequestedAction | null {
  if (requestedAction === 'pause' && state === 'paused') return null;
  if (requestedAction === 'resume' && state !== 'paused') return null;
  return requestedAction;
}
