// Segments of a ledger: equal bits are asked for within one numeric profile only.
import type { NumericProfile } from '../experiment/profile.ts';
import type { Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import type { LeaseHolder } from './experiment-lock.ts';

/**
 * The segment that an attempt's steps belong to: the last one where the profile is the same, else a new one, of which an
 * event says what has changed. Call under the row's lock.
 *
 * @param startStep the step that the attempt goes on from.
 */
export async function segmentFor(
  queries: Queries,
  holder: LeaseHolder,
  { profile, startStep }: { readonly profile: NumericProfile; readonly startStep: number },
): Promise<number> {
  const { projectId, experimentId } = holder;
  const last = await queries.ledgerSegment.findFirst({
    where: { projectId, experimentId },
    orderBy: { segment: 'desc' },
  });
  // This room alone writes the column, by the same type.
  const before = last?.profile as unknown as NumericProfile | undefined;
  const changed = before && changedFields(before, profile);
  if (last && changed && Object.keys(changed).length === 0) return last.segment;
  const segment = last ? last.segment + 1 : 0;
  await queries.ledgerSegment.create({
    data: { projectId, experimentId, segment, profile: { ...profile } },
    select: { segment: true },
  });
  if (changed)
    await appendEvent(queries, holder, 'segmentOpened', { segment, afterStep: startStep, changed });
  return segment;
}

/** The segment that an attempt was given with its profile. */
export async function segmentOf(queries: Queries, holder: LeaseHolder): Promise<number> {
  const { projectId, experimentId, lease } = holder;
  const attempt = await queries.attempt.findUnique({
    where: { projectId_experimentId_lease: { projectId, experimentId, lease } },
    select: { segment: true },
  });
  return attempt?.segment ?? 0;
}

/** The segments whose steps were computed on the profile of one: itself, and those before a change and back. */
export async function segmentsAlike(
  queries: Queries,
  { projectId, experimentId }: LeaseHolder,
  segment: number,
): Promise<readonly number[]> {
  const alike = await queries.$queryRaw<{ segment: number }[]>`
    SELECT other.segment FROM ledger_segment own
    JOIN ledger_segment other USING (project_id, experiment_id, profile)
    WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND own.segment = ${segment}::int`;
  return [segment, ...alike.map((row) => row.segment)];
}

function changedFields(
  before: NumericProfile,
  now: NumericProfile,
): Record<string, { readonly before: string | number; readonly now: string | number }> {
  const names = Object.keys({ ...before, ...now }) as (keyof NumericProfile)[];
  return Object.fromEntries(
    names
      .filter((name) => before[name] !== now[name])
      .map((name) => [name, { before: before[name], now: now[name] }]),
  );
}
