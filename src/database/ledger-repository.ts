// The ledger: every optimizer step that counted, once, with the bits of its loss and gradient norm.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import { differingField } from '../experiment/ledger-step.ts';
import type { NumericProfile } from '../experiment/profile.ts';
import type { AttemptTimes } from '../waste/waste.ts';
import type { Database, Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import type { ExperimentProgress } from './experiment-record.ts';
import type { RecordedStep } from './ledger-chunk.ts';
import { appendSteps, dropStepsFrom, lastStep, readSteps, type LedgerEntry } from './ledger-steps.ts';
import { segmentOf, segmentsAlike } from './ledger-segment.ts';
import { lockForHolder, type LeaseHolder } from './experiment-lock.ts';
import { announceChange } from './notification.ts';

/** The first step of a segment, and the numeric profile that its steps were computed on. */
export interface SegmentStart {
  readonly fromStep: number;
  readonly profile: NumericProfile;
}

export interface LedgerRange {
  readonly fromStep: number;
  readonly limit: number;
}

export interface RecordedRun {
  readonly steps: readonly RecordedStep[];
  readonly progress: ExperimentProgress;
  /** Of the attempt so far. */
  readonly times: AttemptTimes;
}

/**
 * The steps that counted, each once and in order, by segments of one numeric profile. Every method throws CodedError
 * `database_unavailable`.
 */
export class LedgerRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Adds consecutive steps and moves the progress. A step that was recorded before on the same profile must be the
   * same again, bit for bit, and stays as it was. From the first step on that another profile has recorded, the ledger
   * begins anew: what followed there, and the checkpoints of it, belongs to a run that is not gone on with.
   *
   * @throws CodedError `lease_lost`; `divergence` naming the first step that differs; `internal` for steps that would
   * leave a gap, which is a fault of the caller.
   */
  async recordSteps(holder: LeaseHolder, { steps, progress, times }: RecordedRun): Promise<void> {
    const [first] = steps;
    if (first === undefined) return;
    await this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      refuseGaps(steps, first.step, await lastStep(queries, holder));
      const segment = await segmentOf(queries, holder);
      const recorded = await readSteps(queries, holder, first.step, first.step + steps.length - 1);
      const alike = recorded.length > 0 ? await segmentsAlike(queries, holder, segment) : [];
      const other = recorded.find((earlier) => !alike.includes(earlier.segment));
      const same = recorded.filter(({ step }) => other === undefined || step < other.step);
      refuseDifference(same, steps);
      if (other !== undefined) await replaceFrom(queries, holder, other, steps[other.step - first.step]);
      await appendSteps(queries, holder, segment, steps.slice(same.length));
      await noteOfAttempt(queries, holder, { first: first.step, last: first.step + steps.length - 1, times });
      await queries.$executeRaw`
        UPDATE experiment SET progress = ${JSON.stringify(progress)}::jsonb
        WHERE project_id = ${holder.projectId} AND id = ${holder.experimentId}`;
      await announceChange(queries, holder);
    });
  }

  /** Steps in order from `fromStep` on, at most `limit`. */
  async ledger(
    { projectId, experimentId }: ExperimentReference,
    { fromStep, limit }: LedgerRange,
  ): Promise<readonly LedgerEntry[]> {
    return this.#database.run((queries) =>
      readSteps(queries, { projectId, experimentId }, fromStep, fromStep + limit - 1),
    );
  }

  /** The segments of the steps up to one, in the order of their steps. */
  async segments(
    { projectId, experimentId }: ExperimentReference,
    toStep: number,
  ): Promise<readonly SegmentStart[]> {
    return this.#database.run(
      (queries) => queries.$queryRaw<SegmentStart[]>`
        SELECT min(from_step) AS "fromStep", profile
        FROM ledger_chunk JOIN ledger_segment USING (project_id, experiment_id, segment)
        WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND from_step <= ${toStep}::int
        GROUP BY segment, profile ORDER BY 1`,
    );
  }
}

function refuseDifference(recorded: readonly RecordedStep[], steps: readonly RecordedStep[]): void {
  for (const [index, earlier] of recorded.entries()) {
    const again = steps[index];
    const field = again && differingField(earlier, again);
    if (field)
      throw new CodedError(
        'divergence',
        `Step ${earlier.step} gave another ${field} than before: ${again[field]} instead of ${earlier[field]}.`,
      );
  }
}

function refuseGaps(steps: readonly RecordedStep[], first: number, last: number): void {
  const isConsecutive = steps.every(({ step }, index) => step === first + index);
  if (!isConsecutive || first < 1 || first > last + 1)
    throw new CodedError(
      'internal',
      `Steps from ${first} do not follow the recorded ones, which end at ${last}.`,
    );
}

/**
 * Notes how far an attempt has come, and what it took. Written so that a second write of the same, after an answer that
 * was lost, changes nothing, however late it comes.
 */
async function noteOfAttempt(
  queries: Queries,
  { projectId, experimentId, lease }: LeaseHolder,
  { first, last, times }: { readonly first: number; readonly last: number; readonly times: AttemptTimes },
): Promise<void> {
  await queries.$executeRaw`
    UPDATE attempt SET
      steps_done = greatest(steps_done, ${last}::int - coalesce(start_step, ${first - 1}::int)),
      steps_repeated = greatest(steps_repeated,
        least(${last}::int, coalesce(recorded_step, 0)) - coalesce(start_step, ${first - 1}::int)),
      useful_seconds = greatest(useful_seconds, ${times.usefulSeconds}),
      repeated_seconds = greatest(repeated_seconds, ${times.repeatedSeconds}),
      checkpoint_seconds = greatest(checkpoint_seconds, ${times.checkpointSeconds}),
      evaluation_seconds = greatest(evaluation_seconds, ${times.evaluationSeconds})
    WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND lease = ${lease}::int`;
}

/** Drops the steps from one on that another profile has recorded; tells which, and how the first of them differs. */
async function replaceFrom(
  queries: Queries,
  holder: LeaseHolder,
  earlier: LedgerEntry,
  again: RecordedStep | undefined,
): Promise<void> {
  const field = again && differingField(earlier, again);
  await appendEvent(queries, holder, 'stepsReplaced', {
    fromStep: earlier.step,
    toStep: await lastStep(queries, holder),
    ...(field && { differs: field, before: earlier[field], now: again[field] }),
  });
  await dropStepsFrom(queries, holder, earlier.step);
}
