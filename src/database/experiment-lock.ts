// The lock on an experiment's row, under which everything about the experiment changes, and the fence of leases on top of it.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { notFound } from '../experiment/not-found.ts';
import { hasEnded, type ExperimentState, type RequestedAction } from '../experiment/state.ts';
import type { Queries } from './client.ts';
import { Prisma } from './generated/client.ts';

export interface LockedExperiment {
  readonly state: ExperimentState;
  readonly stateSequence: number;
  readonly requestedAction: RequestedAction | null;
  readonly lease: number;
  readonly hasReport: boolean;
}

/** Who writes for an experiment: the attempt that holds its newest lease. */
export interface LeaseHolder extends ExperimentReference {
  readonly lease: number;
  /** Drawn at random for the attempt: after a restore of the database a lease is given out a second time. */
  readonly token: string;
}

/** A LockedExperiment of the experiment `e`. */
const lockedColumns = Prisma.sql`
  e.state, e.state_sequence AS "stateSequence", e.requested_action AS "requestedAction", e.lease,
  e.report_sha256 IS NOT NULL AS "hasReport"`;

/**
 * Locks an experiment's row until the transaction ends.
 *
 * @throws CodedError `not_found` when there is no such experiment in the project.
 */
export async function lockExperiment(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
): Promise<LockedExperiment> {
  // NO KEY: rows that refer to the experiment may be inserted meanwhile.
  const [row] = await queries.$queryRaw<LockedExperiment[]>`
    SELECT ${lockedColumns} FROM experiment e
    WHERE e.project_id = ${projectId} AND e.id = ${experimentId} FOR NO KEY UPDATE`;
  if (!row) throw notFound('experiment', experimentId);
  return row;
}

/**
 * Locks the row for a write of an attempt.
 *
 * @throws CodedError `lease_lost` when a newer attempt has begun or the experiment has ended.
 */
export async function lockForHolder(queries: Queries, holder: LeaseHolder): Promise<LockedExperiment> {
  const { projectId, experimentId, lease, token } = holder;
  // The token of an attempt never changes: it may be read from before the lock was had.
  const [row] = await queries.$queryRaw<(LockedExperiment & { readonly token: string | null })[]>`
    SELECT ${lockedColumns}, attempt.token::text AS token
    FROM experiment e
    LEFT JOIN attempt ON attempt.project_id = e.project_id AND attempt.experiment_id = e.id
      AND attempt.lease = ${lease}::int
    WHERE e.project_id = ${projectId} AND e.id = ${experimentId} FOR NO KEY UPDATE OF e`;
  if (!row) throw notFound('experiment', experimentId);
  const { token: tokenOfLease, ...locked } = row;
  if (locked.lease !== lease)
    throw new CodedError(
      'lease_lost',
      `The attempt with lease ${lease} was replaced: the lease is now ${locked.lease}.`,
    );
  if (tokenOfLease !== token)
    throw new CodedError(
      'lease_lost',
      `The lease ${lease} was given out a second time, as the database was restored.`,
    );
  if (hasEnded(locked.state))
    throw new CodedError('lease_lost', `The experiment has ended (${locked.state}); its attempts are over.`);
  return locked;
}
