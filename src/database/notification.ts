// The channels on which Postgres tells listening processes of a change. Sent when the transaction commits, or not at all.
import type { ExperimentReference } from '../experiment/activity.ts';
import type { Queries } from './client.ts';

export const channels = {
  /** The payload is the experiment's id. */
  experimentChanged: 'experiment_changed',
  /** Wakes the dispatcher. */
  outbox: 'outbox',
} as const;

/** Gives an experiment its next version and tells whoever waits for it. Its update takes the row's lock. */
export async function announceChange(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
): Promise<void> {
  await queries.$queryRaw`
    WITH changed AS (
      UPDATE experiment SET version = version + 1
      WHERE project_id = ${projectId} AND id = ${experimentId} RETURNING id)
    SELECT pg_notify(${channels.experimentChanged}, id)::text FROM changed`;
}
