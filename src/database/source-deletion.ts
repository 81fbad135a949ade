// The deletion of a dataset or model that no experiment which has not ended needs.
import { CodedError } from '../error.ts';
import { notFound } from '../experiment/not-found.ts';
import { endedStates } from '../experiment/state.ts';
import type { Queries } from './client.ts';
import { Prisma } from './generated/client.ts';

/** What experiments are made from and refer to by id. */
export type SourceKind = 'dataset' | 'model';

export const tableOf: Readonly<Record<SourceKind, Prisma.Sql>> = {
  dataset: Prisma.sql`dataset`,
  model: Prisma.sql`model`,
};

const referenceTo: Readonly<Record<SourceKind, Prisma.Sql>> = {
  dataset: Prisma.sql`dataset_id`,
  model: Prisma.sql`model_id`,
};

/**
 * Removes the row. A submission that refers to it holds it (experiment-repository.ts): either it commits first and is seen
 * here, or it finds nothing to refer to.
 *
 * @throws CodedError `in_use` naming an experiment that has not ended and needs it; `not_found`.
 */
export async function deleteSource(
  queries: Queries,
  kind: SourceKind,
  projectId: string,
  id: string,
): Promise<void> {
  const table = tableOf[kind];
  const [found] = await queries.$queryRaw<object[]>(
    Prisma.sql`SELECT id FROM ${table} WHERE project_id = ${projectId} AND id = ${id} FOR UPDATE`,
  );
  if (!found) throw notFound(kind, id);
  // A statement of its own: it sees the submissions that the lock was waited for.
  const [user] = await queries.$queryRaw<{ id: string; state: string }[]>(Prisma.sql`
    SELECT id, state FROM experiment
    WHERE project_id = ${projectId} AND ${referenceTo[kind]} = ${id} AND state <> ALL (${endedStates}::text[])
    ORDER BY id LIMIT 1`);
  if (user) throw new CodedError('in_use', `The experiment ${user.id}, which is ${user.state}, needs it.`);
  await queries.$executeRaw(Prisma.sql`DELETE FROM ${table} WHERE project_id = ${projectId} AND id = ${id}`);
}
