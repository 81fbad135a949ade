// The ledger: every optimizer step that counted, once, with the bits of its loss and gradient norm.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import type { NumericProfile } from '../experiment/profile.ts';
import type { Database, Queries } from './client.ts';
import type { ExperimentProgress } from './experiment-record.ts';
import { lockForHolder, type LeaseHolder } from './lock.ts';
import { announceChange } from './notification.ts';

/** One optimizer step. Bits are those of a float32, as an unsigned 32-bit number. */
export interface RecordedStep {
  /** Counts from 1. */
  readonly step: number;
  readonly lossBits: number;
  readonly gradientNormBits: number;
  readonly learningRate: number;
  /** Examples that the step consumed. */
  readonly examples: number;
}

export interface LedgerEntry extends RecordedStep {
  readonly lease: number;
  readonly segment: number;
}

/** The first step of a segment, and the numeric profile that its steps were computed on. */
export interface SegmentStart {
  readonly fromStep: number;
  readonly profile: NumericProfile;
}

export interface LedgerRange {
  readonly fromStep: number;
  readonly limit: number;
}

/** What Postgres keeps as int4, as the unsigned number that it stands for. */
const unsigned = (signed: number): number => signed >>> 0;
const compared = ['lossBits', 'gradientNormBits', 'learningRate', 'examples'] as const;

export class LedgerRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Adds consecutive steps and moves the progress. A step that was recorded before within the same segment must be the
   * same again, bit for bit, and stays as it was; a step of another segment is replaced.
   *
   * @throws CodedError `lease_lost`; `divergence` naming the first step that differs; `internal` for steps that would
   * leave a gap, which is a fault of the caller.
   */
  async recordSteps(
    holder: LeaseHolder,
    { steps, progress }: { readonly steps: readonly RecordedStep[]; readonly progress: ExperimentProgress },
  ): Promise<void> {
    await this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      const segment = await segmentOf(queries, holder);
      const repeated = await compareWithRecorded(queries, holder, steps, segment);
      await insertSteps(queries, holder, steps, segment);
      await queries.attempt.updateMany({
        where: { projectId: holder.projectId, experimentId: holder.experimentId, lease: holder.lease },
        data: { stepsDone: { increment: steps.length }, stepsRepeated: { increment: repeated } },
      });
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
        SELECT min(step) AS "fromStep", profile
        FROM ledger_step JOIN attempt USING (project_id, experiment_id, lease)
        WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND step <= ${toStep}::int
          AND profile IS NOT NULL
        GROUP BY ledger_step.segment, profile ORDER BY 1`,
    );
  }
}

async function segmentOf(queries: Queries, holder: LeaseHolder): Promise<number> {
  const { projectId, experimentId, lease } = holder;
  const attempt = await queries.attempt.findUnique({
    where: { projectId_experimentId_lease: { projectId, experimentId, lease } },
    select: { segment: true },
  });
  return attempt?.segment ?? 0;
}

/** @returns how many of the steps had been recorded before, in any segment. */
async function compareWithRecorded(
  queries: Queries,
  holder: LeaseHolder,
  steps: readonly RecordedStep[],
  segment: number,
): Promise<number> {
  const first = steps[0]?.step ?? 1;
  refuseGaps(steps, first, await lastStep(queries, holder));
  const recorded = await readSteps(queries, holder, first, first + steps.length - 1);
  for (const earlier of recorded) {
    const again = steps[earlier.step - first];
    if (!again || earlier.segment !== segment) continue;
    const field = compared.find((name) => earlier[name] !== again[name]);
    if (field)
      throw new CodedError(
        'divergence',
        `Step ${earlier.step} gave another ${field} than before: ${again[field]} instead of ${earlier[field]}.`,
      );
  }
  return recorded.length;
}

function refuseGaps(steps: readonly RecordedStep[], first: number, last: number): void {
  const isConsecutive = steps.every(({ step }, index) => step === first + index);
  if (!isConsecutive || first < 1 || first > last + 1)
    throw new CodedError(
      'internal',
      `Steps from ${first} do not follow the recorded ones, which end at ${last}.`,
    );
}

/** The last step recorded, 0 before the first. Steps have no gap, so all up to it are there. */
export async function lastStep(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
): Promise<number> {
  const { _max: greatest } = await queries.ledgerStep.aggregate({
    where: { projectId, experimentId },
    _max: { step: true },
  });
  return greatest.step ?? 0;
}

async function readSteps(
  queries: Queries,
  { projectId, experimentId }: ExperimentReference,
  fromStep: number,
  toStep: number,
): Promise<readonly LedgerEntry[]> {
  const rows = await queries.ledgerStep.findMany({
    where: { projectId, experimentId, step: { gte: fromStep, lte: toStep } },
    orderBy: { step: 'asc' },
  });
  return rows.map(({ step, lossBits, gradientNormBits, learningRate, examples, lease, segment }) => ({
    step,
    lossBits: unsigned(lossBits),
    gradientNormBits: unsigned(gradientNormBits),
    learningRate,
    examples,
    lease,
    segment,
  }));
}

/** One statement for any number of steps: they come in thousands a second for small models. */
async function insertSteps(
  queries: Queries,
  { projectId, experimentId, lease }: LeaseHolder,
  steps: readonly RecordedStep[],
  segment: number,
): Promise<void> {
  const rows = JSON.stringify(
    steps.map((record) => ({
      ...record,
      lossBits: record.lossBits | 0,
      gradientNormBits: record.gradientNormBits | 0,
    })),
  );
  await queries.$executeRaw`
    INSERT INTO ledger_step (project_id, experiment_id, step, loss_bits, gradient_norm_bits, learning_rate,
      examples, lease, segment)
    SELECT ${projectId}, ${experimentId}, s.step, s."lossBits", s."gradientNormBits", s."learningRate", s.examples,
      ${lease}::int, ${segment}::int
    FROM json_to_recordset(${rows}::json) AS s(step int, "lossBits" int, "gradientNormBits" int,
      "learningRate" float8, examples int)
    ON CONFLICT (project_id, experiment_id, step) DO UPDATE SET
      loss_bits = excluded.loss_bits, gradient_norm_bits = excluded.gradient_norm_bits,
      learning_rate = excluded.learning_rate, examples = excluded.examples, lease = excluded.lease,
      segment = excluded.segment
    WHERE ledger_step.segment <> excluded.segment`;
}
