// Why an experiment does not get on: what the attempts in a row at what it is at have failed with.
import type { PhaseFailure } from '../../database/attempt-repository.ts';
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import type { AttemptPhase } from '../../experiment/attempt.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import type { AppDependencies } from '../dependencies.ts';

/** In which states attempts are made, and at what. */
const phaseOfState: Partial<Record<ExperimentState, AttemptPhase>> = {
  preparing: 'preparing',
  training: 'training',
  evaluating: 'evaluating',
};

/**
 * Why the last attempts have failed, for instance since a hub is away or a worker has no GPU; `null` for an experiment that
 * nothing is done for, or whose last attempt that ended did not fail.
 */
export async function readLastFailure(
  { repositories }: Pick<AppDependencies, 'repositories'>,
  { projectId, id, state }: ExperimentRecord,
): Promise<PhaseFailure | null> {
  const phase = phaseOfState[state];
  if (phase === undefined) return null;
  return repositories.attempts.lastFailure({ projectId, experimentId: id }, phase);
}
