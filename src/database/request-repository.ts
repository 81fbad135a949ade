// What a user asks of an experiment: noted beside what it is, and told to its workflow through the outbox.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { hasEnded, pausableStates, type RequestedAction } from '../experiment/state.ts';
import type { Database } from './client.ts';
import { appendEvent, type EventType } from './event-repository.ts';
import { lockExperiment, type LockedExperiment } from './experiment-lock.ts';
import { addToOutbox } from './outbox.ts';

const eventOf = {
  pause: 'pauseRequested',
  resume: 'resumeRequested',
  cancel: 'cancelRequested',
} as const satisfies Readonly<Record<RequestedAction, EventType>>;

type Current = Pick<LockedExperiment, 'state' | 'requestedAction'>;

/** Whether what is asked for is so, or on its way; `undefined` where it is impossible. */
const isSo: Readonly<Record<RequestedAction, (current: Current) => boolean | undefined>> = {
  cancel({ state, requestedAction }) {
    if (state === 'cancelled' || requestedAction === 'cancel') return true;
    return hasEnded(state) ? undefined : false;
  },
  pause({ state, requestedAction }) {
    if (requestedAction === 'cancel') return undefined;
    if (requestedAction === 'pause') return true;
    if (state === 'paused') return requestedAction === null;
    return pausableStates.includes(state) ? false : undefined;
  },
  resume({ state, requestedAction }) {
    if (requestedAction === 'cancel') return undefined;
    if (requestedAction === 'resume') return true;
    if (state === 'paused' || requestedAction === 'pause') return false;
    return pausableStates.includes(state) ? true : undefined;
  },
};

/** What users ask of an experiment: to pause, to resume, to cancel. Every method throws CodedError `database_unavailable`. */
export class RequestRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Notes what the user asks for, which replaces a pause or resume that was asked for before, and orders it.
   *
   * @returns `already` when it is so, or was asked for.
   * @throws CodedError `transition_not_allowed`, naming the state, where it is impossible; `not_found`.
   */
  async request(reference: ExperimentReference, action: RequestedAction): Promise<'requested' | 'already'> {
    return this.#database.transaction(async (queries) => {
      const current = await lockExperiment(queries, reference);
      const already = isSo[action](current);
      if (already === undefined) throw refusal(action, current);
      if (already) return 'already';
      await queries.experiment.update({
        where: { projectId_id: { projectId: reference.projectId, id: reference.experimentId } },
        data: {
          requestedAction: action,
          // Each one takes effect in its turn; a cancellation does before them.
          ...(action !== 'cancel' && { pendingRequests: { increment: 1 } }),
        },
        select: { id: true },
      });
      await addToOutbox(queries, reference, action);
      await appendEvent(queries, reference, eventOf[action], { state: current.state });
      return 'requested';
    });
  }
}

function refusal(action: RequestedAction, { state }: Current): CodedError {
  const reason = hasEnded(state)
    ? `The experiment has ended: it is ${state}.`
    : `The experiment is ${state}${pausableStates.includes(state) ? ', and is being cancelled' : ''}.`;
  return new CodedError('transition_not_allowed', `It cannot ${action}. ${reason}`);
}
