// The states of an experiment and the one map of allowed transitions; everything else about states follows from it.

export const experimentStates = [
  'queued',
  'preparing',
  'training',
  'paused',
  'evaluating',
  'succeeded',
  'failed',
  'cancelled',
] as const;

export type ExperimentState = (typeof experimentStates)[number];

export const transitions: Readonly<Record<ExperimentState, readonly ExperimentState[]>> = {
  queued: ['preparing', 'failed', 'cancelled'],
  preparing: ['training', 'failed', 'cancelled'],
  training: ['paused', 'evaluating', 'failed', 'cancelled'],
  paused: ['training', 'failed', 'cancelled'],
  evaluating: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** Whether nothing can happen to the experiment any more. */
export function hasEnded(state: ExperimentState): boolean {
  return transitions[state].length === 0;
}

export const endedStates: readonly ExperimentState[] = experimentStates.filter(hasEnded);

/** Whether the map has a way from one state to the other, through any number of states between. */
export function canReach(from: ExperimentState, to: ExperimentState): boolean {
  const seen = new Set<ExperimentState>();
  const open: ExperimentState[] = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (transitions[state].includes(to)) return true;
    if (seen.has(state)) continue;
    seen.add(state);
    open.push(...transitions[state]);
  }
  return false;
}

/** Whether the map leads from one state to the other and never back. */
export function isBefore(state: ExperimentState, later: ExperimentState): boolean {
  return canReach(state, later) && !canReach(later, state);
}

/** What a user asked for and the workflow has not done yet. */
export type RequestedAction = 'pause' | 'resume' | 'cancel';

/** The states in which a user can still ask for a pause: before training, it takes effect before the first step. */
export const pausableStates: readonly ExperimentState[] = ['queued', 'preparing', 'training'];
