// The deletion of an experiment, with all rows that belong to it.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { notFound } from '../experiment/not-found.ts';
import { hasEnded, type ExperimentState } from '../experiment/state.ts';
import { pinsOf } from './checkpoint-pin.ts';
import type { Queries } from './client.ts';
import { channels } from './notification.ts';

/**
 * Removes the row; those of every table that refers to it go with it.
 *
 * @throws CodedError `transition_not_allowed` when it has not ended; `in_use` while an experiment that has not ended needs one
 * of its checkpoints; `not_found`.
 */
export async function deleteExperiment(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
): Promise<void> {
  // The lock under which checkpoints are pinned, and stronger than that: rows that refer to the experiment are to end too.
  const [found] = await queries.$queryRaw<{ state: ExperimentState }[]>`
    SELECT state FROM experiment WHERE project_id = ${projectId} AND id = ${experimentId} FOR UPDATE`;
  if (!found) throw notFound('experiment', experimentId);
  if (!hasEnded(found.state))
    throw new CodedError(
      'transition_not_allowed',
      `It cannot be deleted before it has ended. The experiment is ${found.state}.`,
    );
  const [pin] = await pinsOf(queries, { projectId, experimentId });
  if (pin)
    throw new CodedError(
      'in_use',
      `The experiment ${pin.pinnedBy} has not ended and needs its checkpoint of step ${pin.step}.`,
    );
  await queries.experiment.delete({ where: { projectId_id: { projectId, id: experimentId } } });
  // Whoever waits for a change of it learns that it is gone.
  await queries.$queryRaw`SELECT pg_notify(${channels.experimentChanged}, ${experimentId})::text`;
}
