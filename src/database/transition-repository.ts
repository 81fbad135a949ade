// What moves an experiment: the workflow's transitions, which never go backwards.
import type { AttemptCause } from '../experiment/attempt.ts';
import type { ExperimentFailure, ExperimentReference, StateTransition } from '../experiment/activity.ts';
import { canReach, hasEnded, type ExperimentState } from '../experiment/state.ts';
import type { Database, Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import { lockExperiment, type LockedExperiment } from './experiment-lock.ts';
import { closeOpenAttempts } from './open-attempts.ts';
import { addToOutbox } from './outbox.ts';

/** The states of experiments, as their workflows tell them. Every method throws CodedError `database_unavailable`. */
export class TransitionRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Projects a transition. It is applied only when its number is greater than the last one's and the map of
   * transitions allows it; a late or repeated message is ignored. So is a success without a report: the report was there, and
   * the database was restored since.
   *
   * @throws CodedError `not_found` when there is no such experiment.
   */
  async recordTransition(transition: StateTransition): Promise<'applied' | 'ignored'> {
    return this.#database.transaction(async (queries) => {
      const locked = await lockExperiment(queries, transition);
      const isLate = transition.sequence <= locked.stateSequence;
      const lacksReport = transition.state === 'succeeded' && !locked.hasReport;
      if (isLate || lacksReport || !canReach(locked.state, transition.state)) return 'ignored';
      await applyTransition(queries, transition, locked);
      return 'applied';
    });
  }

  /**
   * Ends an experiment whose workflow is gone and can send no transition any more. One that has ended stays as it is.
   *
   * @throws CodedError `not_found` when there is no such experiment.
   */
  async endWithoutWorkflow(
    { projectId, experimentId }: ExperimentReference,
    state: 'cancelled' | 'failed',
    error: ExperimentFailure | null = null,
  ): Promise<void> {
    await this.#database.transaction(async (queries) => {
      const locked = await lockExperiment(queries, { projectId, experimentId });
      if (hasEnded(locked.state)) return;
      const sequence = locked.stateSequence + 1;
      await applyTransition(queries, { projectId, experimentId, sequence, state, error }, locked);
    });
  }
}

/** Makes the experiment's row what the transition says. Call under its lock, and where the map has a way. */
export async function applyTransition(
  queries: Queries,
  transition: StateTransition,
  { state: from }: LockedExperiment,
): Promise<void> {
  const { projectId, experimentId, sequence, state, error } = transition;
  const ended = hasEnded(state);
  const isOver = ended || state === 'evaluating';
  // A pause or resume has taken effect; others may have been asked for since.
  const isAnswer = state === 'paused' || (state === 'training' && from === 'paused');
  await queries.$executeRaw`
    UPDATE experiment SET state = ${state}, state_sequence = ${sequence}::int,
      error = COALESCE(${error === null ? null : JSON.stringify(error)}::jsonb, error),
      started_at = COALESCE(started_at, now()),
      finished_at = CASE WHEN ${ended} THEN now() END,
      pending_requests = CASE WHEN ${isOver} THEN 0 ELSE greatest(0, pending_requests - ${isAnswer ? 1 : 0}::int) END,
      requested_action = CASE
        WHEN ${ended} OR (requested_action <> 'cancel' AND (${isOver} OR (${isAnswer} AND pending_requests <= 1))) THEN NULL
        ELSE requested_action END
    WHERE project_id = ${projectId} AND id = ${experimentId}`;
  if (ended) {
    await closeOpenAttempts(queries, transition, { cause: causeAtEnd(state) });
    await addToOutbox(queries, transition, 'storeHistory');
  }
  await appendEvent(queries, transition, 'stateChanged', { from, to: state, error });
}

function causeAtEnd(state: ExperimentState): AttemptCause {
  if (state === 'cancelled' || state === 'failed') return state;
  return 'completed';
}
