// Checkpoints that another experiment begins with: they are kept until that has ended.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { endedStates } from '../experiment/state.ts';
import type { Queries } from './client.ts';
import { lockExperiment } from './experiment-lock.ts';

/** A checkpoint that is needed, and by whom. Both experiments are of one project. */
export interface CheckpointPin extends ExperimentReference {
  readonly step: number;
  /** The experiment that needs it; its row is there already. */
  readonly pinnedBy: string;
}

/**
 * Pins a checkpoint, within the transaction that makes the experiment which needs it. The same again changes nothing.
 *
 * @throws CodedError `not_found` when there is no such experiment; `no_checkpoint` when its checkpoint of that step is not
 * kept (any more).
 */
export async function pinCheckpoint(queries: Queries, pin: CheckpointPin): Promise<void> {
  const { projectId, experimentId, step, pinnedBy } = pin;
  // Removal looks at the pins under the same lock.
  await lockExperiment(queries, pin);
  const found = await queries.checkpoint.findUnique({
    where: { projectId_experimentId_step: { projectId, experimentId, step } },
    select: { step: true },
  });
  if (found === null)
    throw new CodedError(
      'no_checkpoint',
      `The experiment ${experimentId} has no checkpoint of step ${step}.`,
    );
  await queries.checkpointPin.createMany({
    data: { projectId, experimentId, step, pinnedBy },
    skipDuplicates: true,
  });
}

/** The experiment's checkpoints that others need that have not ended, and who they are. Call under its row's lock. */
export async function pinsOf(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
): Promise<readonly CheckpointPin[]> {
  return queries.checkpointPin.findMany({
    where: { projectId, experimentId, by: { state: { notIn: [...endedStates] } } },
    orderBy: [{ step: 'asc' }, { pinnedBy: 'asc' }],
  });
}
