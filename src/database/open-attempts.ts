// How attempts end: each that is still open, with its cause, and one event for every one.
import type { ExperimentReference } from '../experiment/activity.ts';
import type { AttemptCause } from '../experiment/attempt.ts';
import type { Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import { Prisma } from './generated/client.ts';

const longestMessageCharacters = 2000;

export interface AttemptEnd {
  readonly cause: AttemptCause;
  readonly message?: string;
  /** Only the attempt with this lease; every one by default. */
  readonly lease?: number;
}

/**
 * Ends the attempts that are still open and tells of each. Call under the experiment's row lock.
 *
 * @returns how many were open.
 */
export async function closeOpenAttempts(
  queries: Queries,
  reference: ExperimentReference,
  { cause, message, lease: only }: AttemptEnd,
): Promise<number> {
  const { projectId, experimentId } = reference;
  const kept = message?.slice(0, longestMessageCharacters) ?? null;
  const theOne = only === undefined ? Prisma.empty : Prisma.sql`AND lease = ${only}::int`;
  const closed = await queries.$queryRaw<{ lease: number; phase: string }[]>(Prisma.sql`
    UPDATE attempt SET ended_at = now(), cause = ${cause}, message = ${kept}
    WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND ended_at IS NULL ${theOne}
    RETURNING lease, phase`);
  for (const { lease, phase } of closed.toSorted((a, b) => a.lease - b.lease))
    await appendEvent(queries, reference, 'attemptEnded', { lease, phase, cause, message: kept });
  return closed.length;
}
