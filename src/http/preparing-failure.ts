// Why an experiment is still being prepared: what its attempts in a row have failed with.
import type { PhaseFailure } from '../database/attempt-repository.ts';
import type { ExperimentRecord } from '../database/experiment-record.ts';
import type { AppDependencies } from './dependencies.ts';

/**
 * Why the last attempts at preparing have failed, for instance since a hub is away; `null` for an experiment that is not
 * being prepared, or whose last attempt that ended did not fail.
 */
export async function readPreparingFailure(
  { repositories }: Pick<AppDependencies, 'repositories'>,
  { projectId, id, state }: ExperimentRecord,
): Promise<PhaseFailure | null> {
  if (state !== 'preparing') return null;
  return repositories.attempts.preparingFailure({ projectId, experimentId: id });
}
