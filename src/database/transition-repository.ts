// What moves an experiment: the workflow's transitions, which never go backwards, and what a user asks for.
import { CodedError } from '../error.ts';
import type { ExperimentReference, StateTransition } from '../experiment/activity.ts';
import { canReach, hasEnded, type ExperimentState } from '../experiment/state.ts';
import type { Database, Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import { Prisma } from './generated/client.ts';
import { lockExperiment, type LockedExperiment } from './lock.ts';
import { addToOutbox } from './outbox.ts';

export class TransitionRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Projects a transition. It is applied only when its number is greater than the last one's and the map of
   * transitions allows it; a late or repeated message is ignored.
   *
   * @throws CodedError `not_found` when there is no such experiment.
   */
  async recordTransition(transition: StateTransition): Promise<'applied' | 'ignored'> {
    return this.#database.transaction(async (queries) => {
      const locked = await lockExperiment(queries, transition);
      const isLate = transition.sequence <= locked.stateSequence;
      if (isLate || !canReach(locked.state, transition.state)) return 'ignored';
      await applyTransition(queries, transition, locked);
      return 'applied';
    });
  }

  /**
   * Notes that the user wants the experiment to end, and orders it.
   *
   * @returns `already` when it was asked for before or the experiment is cancelled.
   * @throws CodedError `transition_not_allowed` when the experiment has ended otherwise; `not_found`.
   */
  async requestCancel(reference: ExperimentReference): Promise<'requested' | 'already'> {
    return this.#database.transaction(async (queries) => {
      const { state, requestedAction } = await lockExperiment(queries, reference);
      if (state === 'cancelled' || requestedAction === 'cancel') return 'already';
      if (hasEnded(state))
        throw new CodedError('transition_not_allowed', `The experiment has ended: it is ${state}.`);
      await queries.experiment.update({
        where: { projectId_id: { projectId: reference.projectId, id: reference.experimentId } },
        data: { requestedAction: 'cancel' },
        select: { id: true },
      });
      await addToOutbox(queries, reference, 'cancel');
      await appendEvent(queries, reference, 'cancelRequested', { state });
      return 'requested';
    });
  }
}

async function applyTransition(
  queries: Queries,
  transition: StateTransition,
  { state: from }: LockedExperiment,
): Promise<void> {
  const { projectId, experimentId, sequence, state, error } = transition;
  const ended = hasEnded(state);
  await queries.$executeRaw`
    UPDATE experiment SET state = ${state}, state_sequence = ${sequence}::int,
      error = COALESCE(${error === null ? null : JSON.stringify(error)}::jsonb, error),
      started_at = COALESCE(started_at, now()),
      finished_at = CASE WHEN ${ended} THEN now() END,
      requested_action = CASE WHEN ${ended} THEN NULL ELSE requested_action END
    WHERE project_id = ${projectId} AND id = ${experimentId}`;
  if (ended) {
    await closeOpenAttempts(queries, transition, causeAtEnd(state));
    await addToOutbox(queries, transition, 'storeHistory');
  }
  await appendEvent(queries, transition, 'stateChanged', { from, to: state, error });
}

function causeAtEnd(state: ExperimentState): AttemptCause {
  if (state === 'cancelled' || state === 'failed') return state;
  return 'completed';
}

export type AttemptCause = 'completed' | 'handedBack' | 'cancelled' | 'failed' | 'lost';

/** Ends every attempt that is still open and tells of each. */
export async function closeOpenAttempts(
  queries: Queries,
  reference: ExperimentReference,
  cause: AttemptCause,
): Promise<void> {
  const { projectId, experimentId } = reference;
  const closed = await queries.$queryRaw<{ lease: number; phase: string }[]>(Prisma.sql`
    UPDATE attempt SET ended_at = now(), cause = ${cause}
    WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND ended_at IS NULL
    RETURNING lease, phase`);
  for (const { lease, phase } of closed.toSorted((a, b) => a.lease - b.lease))
    await appendEvent(queries, reference, 'attemptEnded', { lease, phase, cause });
}
