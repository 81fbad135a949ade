// Why an experiment is still being prepared: what its attempts in a row have failed with, told by its events.
import type { ExperimentEvent } from '../database/event-repository.ts';
import type { ExperimentRecord } from '../database/experiment-record.ts';
import type { AppDependencies } from './dependencies.ts';

/** Events read at once; what happens until the end of preparing is few unless a fault lasts for hours. */
const eventsAtOnce = 500;

export interface PhaseFailure {
  /** Of the last attempt that failed. */
  readonly message: string;
  /** When the first of them in a row did. */
  readonly since: Date;
  /** How many in a row have failed. */
  readonly attempts: number;
}

/**
 * Why the last attempts at preparing have failed, for instance since a hub is away; `null` for an experiment that is not
 * being prepared, or whose last attempt that ended did not fail. A running attempt changes nothing of it.
 */
export async function readPreparingFailure(
  { repositories }: Pick<AppDependencies, 'repositories'>,
  { projectId, id, state }: ExperimentRecord,
): Promise<PhaseFailure | null> {
  if (state !== 'preparing') return null;
  let failure: PhaseFailure | null = null;
  let last = 0;
  for (;;) {
    const events = await repositories.events.eventsAfter({ projectId, experimentId: id }, last, eventsAtOnce);
    failure = events.reduce(withEvent, failure);
    last = events.at(-1)?.number ?? last;
    if (events.length < eventsAtOnce) return failure;
  }
}

function withEvent(failure: PhaseFailure | null, event: ExperimentEvent): PhaseFailure | null {
  if (event.type !== 'attemptEnded') return failure;
  // Written with each end of an attempt, and nowhere else.
  const { cause, message } = event.data as { readonly cause: string; readonly message: string | null };
  if (cause !== 'failed' || message === null) return null;
  return { message, since: failure?.since ?? event.createdAt, attempts: (failure?.attempts ?? 0) + 1 };
}
