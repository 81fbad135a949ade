// Reading and writing the steps of a ledger in their chunks. Everything here is called under the experiment's lock, or only reads.
import type { ExperimentReference } from '../experiment/activity.ts';
import type { Queries } from './client.ts';
import { bytesPerStep, packSteps, stepsPerChunk, unpackSteps, type RecordedStep } from './ledger-chunk.ts';
import type { LeaseHolder } from './experiment-lock.ts';

export interface LedgerEntry extends RecordedStep {
  readonly lease: number;
  readonly segment: number;
}

/** The last step recorded, 0 before the first. Steps have no gap, so all up to it are there. */
export async function lastStep(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
): Promise<number> {
  const last = await lastChunk(queries, { projectId, experimentId });
  return last === undefined ? 0 : last.fromStep + stepsIn(last) - 1;
}

interface Chunk {
  readonly fromStep: number;
  readonly lease: number;
  readonly segment: number;
  readonly records: Uint8Array;
}

const stepsIn = ({ records }: Chunk): number => records.byteLength / bytesPerStep;

async function lastChunk(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
): Promise<Chunk | undefined> {
  const chunk = await queries.ledgerChunk.findFirst({
    where: { projectId, experimentId },
    orderBy: { fromStep: 'desc' },
  });
  return chunk ?? undefined;
}

/** Steps of a range, both ends included, in their order. */
export async function readSteps(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
  fromStep: number,
  toStep: number,
): Promise<readonly LedgerEntry[]> {
  const chunks = await queries.ledgerChunk.findMany({
    where: { projectId, experimentId, fromStep: { gt: fromStep - stepsPerChunk, lte: toStep } },
    orderBy: { fromStep: 'asc' },
  });
  return chunks
    .flatMap(({ fromStep: first, lease, segment, records }) =>
      unpackSteps(records, first).map((step) => ({ ...step, lease, segment })),
    )
    .filter(({ step }) => step >= fromStep && step <= toStep);
}

/** Drops the steps from one on, and the checkpoints that they led to. */
export async function dropStepsFrom(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
  step: number,
): Promise<void> {
  await queries.$executeRaw`
    UPDATE ledger_chunk SET records = substring(records FOR (${step}::int - from_step) * ${bytesPerStep}::int)
    WHERE project_id = ${projectId} AND experiment_id = ${experimentId}
      AND from_step > ${step - stepsPerChunk}::int AND from_step < ${step}::int`;
  await queries.ledgerChunk.deleteMany({ where: { projectId, experimentId, fromStep: { gte: step } } });
  await queries.checkpoint.deleteMany({ where: { projectId, experimentId, step: { gte: step } } });
}

/** Adds steps after the last one: to its chunk, while that has room and is of the same lease, and then to new ones. */
export async function appendSteps(
  queries: Queries,
  { projectId, experimentId, lease }: LeaseHolder,
  segment: number,
  steps: readonly RecordedStep[],
): Promise<void> {
  const last = await lastChunk(queries, { projectId, experimentId });
  const isOpen = last?.lease === lease && last.segment === segment;
  const room = isOpen ? Math.max(0, stepsPerChunk - stepsIn(last)) : 0;
  if (isOpen && room > 0 && steps.length > 0)
    await queries.$executeRaw`
      UPDATE ledger_chunk SET records = records || ${packSteps(steps.slice(0, room))}
      WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND from_step = ${last.fromStep}::int`;
  const chunks = [];
  for (let first = room; first < steps.length; first += stepsPerChunk) {
    const part = steps.slice(first, first + stepsPerChunk);
    const fromStep = part[0]?.step ?? 0;
    chunks.push({ projectId, experimentId, fromStep, lease, segment, records: packSteps(part) });
  }
  await queries.ledgerChunk.createMany({ data: chunks });
}
