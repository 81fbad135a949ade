// What a fork takes over from its parent, in the transaction that creates it: it stands by itself from then on.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { notFound } from '../experiment/not-found.ts';
import { requirePinned } from './blob-pins.ts';
import type { Queries } from './client.ts';
import type { NewCheckpoint } from './checkpoint-repository.ts';
import { appendEvent } from './event-repository.ts';
import { Prisma } from './generated/client.ts';
import { bytesPerStep } from './ledger-chunk.ts';
import { lastStep } from './ledger-steps.ts';

/** Steps that were taken over carry the lease of no attempt. */
const leaseOfParent = 0;

export interface Fork {
  readonly parent: ExperimentReference;
  readonly step: number;
  /** Of the parent, with what the fork's own manifest of it is: where it goes on from, and what it may end with. */
  readonly checkpoints: readonly {
    readonly parentId: string;
    readonly own: NewCheckpoint & Required<Pick<NewCheckpoint, 'stored'>>;
  }[];
}

/**
 * Copies the parent's steps up to the fork's, with their segments and evaluations, its checkpoints and its snapshot.
 *
 * @throws CodedError `not_found` when the parent was removed meanwhile; `fork_not_possible` when the step was not trained, or is no longer part of the parent's ledger;
 * `storage_unavailable` when what was stored for the fork is not pinned any more.
 */
export async function takeOver(queries: Queries, child: ExperimentReference, fork: Fork): Promise<void> {
  const { parent, step } = fork;
  // Attempts of the parent wait, and so does its removal: its ledger is one from the first row copied to the last.
  const found = await queries.$queryRaw<unknown[]>`
    SELECT id FROM experiment WHERE project_id = ${parent.projectId} AND id = ${parent.experimentId} FOR SHARE`;
  if (found.length === 0) throw notFound('experiment', parent.experimentId);
  const last = await lastStep(queries, parent);
  if (step > last)
    throw new CodedError('fork_not_possible', `Step ${step} of the experiment was not trained.`, {
      problems: [{ path: '/step', message: `must be a step that was trained; the last is ${last}` }],
    });
  await copyLedger(queries, child, fork);
  const computedFrom = await copyCheckpoints(queries, child, fork);
  await queries.$executeRaw`
    INSERT INTO evaluation_point (project_id, experiment_id, name, step, value)
    SELECT ${child.projectId}, ${child.experimentId}, name, step, value FROM evaluation_point
    WHERE ${isOf(parent)} AND step <= ${step}::int`;
  await queries.$executeRaw`
    UPDATE experiment SET snapshot = parent.snapshot
    FROM experiment parent
    WHERE experiment.project_id = ${child.projectId} AND experiment.id = ${child.experimentId}
      AND parent.project_id = ${parent.projectId} AND parent.id = ${parent.experimentId}`;
  await appendEvent(queries, child, 'forked', {
    experimentId: parent.experimentId,
    step,
    computedFrom,
  });
}

async function copyLedger(queries: Queries, child: ExperimentReference, fork: Fork): Promise<void> {
  const { parent, step } = fork;
  await queries.$executeRaw`
    INSERT INTO ledger_segment (project_id, experiment_id, segment, profile)
    SELECT ${child.projectId}, ${child.experimentId}, segment, profile FROM ledger_segment
    WHERE ${isOf(parent)} AND segment IN (
      SELECT segment FROM ledger_chunk WHERE ${isOf(parent)} AND from_step <= ${step}::int)`;
  await queries.$executeRaw`
    INSERT INTO ledger_chunk (project_id, experiment_id, from_step, lease, segment, records)
    SELECT ${child.projectId}, ${child.experimentId}, from_step, ${leaseOfParent}::int, segment,
      substring(records FOR (${step}::int - from_step + 1) * ${bytesPerStep}::int)
    FROM ledger_chunk WHERE ${isOf(parent)} AND from_step <= ${step}::int`;
}

/**
 * One that the parent has given up meanwhile is left out: what it would have saved is computed again.
 *
 * @returns the step of the last one; 0 where there is none.
 */
async function copyCheckpoints(queries: Queries, child: ExperimentReference, fork: Fork): Promise<number> {
  const { parent, checkpoints } = fork;
  let last = 0;
  const stored = new Set(checkpoints.flatMap(({ own }) => own.stored));
  await requirePinned(queries, child.projectId, [...stored]);
  for (const { parentId, own } of checkpoints) {
    // Locked, so that what its manifest refers to stays referred to until the copy is.
    const [row] = await queries.$queryRaw<{ needsSteps: number[] }[]>`
      SELECT needs_steps AS "needsSteps" FROM checkpoint
      WHERE ${isOf(parent)} AND step = ${own.step}::int AND manifest = ${parentId} FOR SHARE`;
    if (row === undefined) continue;
    last = Math.max(last, own.step);
    await queries.checkpoint.create({
      data: {
        ...child,
        step: own.step,
        manifest: own.id,
        stateSha256: own.stateSha256,
        sizeBytes: own.sizeBytes,
        needsSteps: row.needsSteps,
        lease: leaseOfParent,
      },
      select: { step: true },
    });
  }
  return last;
}

function isOf({ projectId, experimentId }: ExperimentReference): Prisma.Sql {
  return Prisma.sql`project_id = ${projectId} AND experiment_id = ${experimentId}`;
}
