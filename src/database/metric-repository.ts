// Curves over the steps, read from the ledger and thinned in the database.
import type { ExperimentReference } from '../experiment/activity.ts';
import { floatOfBits } from '../experiment/ledger-step.ts';
import type { Database } from './client.ts';
import { bytesPerStep, unpackSteps, type RecordedStep } from './ledger-chunk.ts';
import { lastStep } from './ledger-steps.ts';
import { lockForHolder, type LeaseHolder } from './experiment-lock.ts';
import { announceChange } from './notification.ts';

export const metricNames = ['loss', 'gradientNorm', 'learningRate'] as const;
export type MetricName = (typeof metricNames)[number];

export interface MetricRange {
  readonly fromStep: number;
  readonly toStep: number;
  /** At least 2: the first and the last point are always among them. */
  readonly maxPoints: number;
}

/** What an evaluation during training showed. */
export interface RecordedEvaluation {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Of all evaluations of the attempt so far. */
  readonly evaluationSeconds: number;
}

/** `[step, value]`; the value is `null` where it was no finite number. */
export type MetricPoint = readonly [step: number, value: number | null];

/**
 * Curves: of the steps in the ledger, and of evaluations during training. Every method throws CodedError
 * `database_unavailable`.
 */
export class MetricRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Keeps what an evaluation during training showed, in place of what an earlier attempt saw at the same step.
   *
   * @throws CodedError `lease_lost`.
   */
  async recordEvaluation(
    holder: LeaseHolder,
    { step, metrics, evaluationSeconds }: RecordedEvaluation,
  ): Promise<void> {
    const { projectId, experimentId, lease } = holder;
    await this.#database.transaction(async (queries) => {
      await lockForHolder(queries, holder);
      await queries.evaluationPoint.deleteMany({ where: { projectId, experimentId, step } });
      await queries.evaluationPoint.createMany({
        data: Object.entries(metrics).map(([name, value]) => ({
          projectId,
          experimentId,
          name,
          step,
          value,
        })),
      });
      await queries.attempt.update({
        where: { projectId_experimentId_lease: { projectId, experimentId, lease } },
        data: { evaluationSeconds },
        select: { lease: true },
      });
      await announceChange(queries, holder);
    });
  }

  /** The metrics that evaluations during training have shown so far. */
  async evaluationNames({ projectId, experimentId }: ExperimentReference): Promise<readonly string[]> {
    const rows = await this.#database.run((queries) =>
      queries.evaluationPoint.findMany({
        where: { projectId, experimentId },
        distinct: ['name'],
        orderBy: { name: 'asc' },
        select: { name: true },
      }),
    );
    return rows.map(({ name }) => name);
  }

  /** Points of an evaluation's metric, under its own name, in the order of steps; the last `maxPoints` of the range. */
  async evaluationPoints(
    { projectId, experimentId }: ExperimentReference,
    name: string,
    { fromStep, toStep, maxPoints }: MetricRange,
  ): Promise<readonly MetricPoint[]> {
    const rows = await this.#database.run((queries) =>
      queries.evaluationPoint.findMany({
        where: { projectId, experimentId, name, step: { gte: fromStep, lte: toStep } },
        orderBy: { step: 'desc' },
        take: maxPoints,
        select: { step: true, value: true },
      }),
    );
    return rows.reverse().map(({ step, value }) => [step, value]);
  }

  /** A metric's points in the order of steps: every n-th, with n the least that keeps them within `maxPoints`. */
  async points(
    { projectId, experimentId }: ExperimentReference,
    name: MetricName,
    { fromStep, toStep, maxPoints }: MetricRange,
  ): Promise<readonly MetricPoint[]> {
    return this.#database.run(async (queries) => {
      const last = Math.min(toStep, await lastStep(queries, { projectId, experimentId }));
      const steps = strided(Math.max(1, fromStep), last, maxPoints);
      const rows = await queries.$queryRaw<{ step: number; record: Uint8Array }[]>`
        SELECT step, substring(records FROM (step - from_step) * ${bytesPerStep}::int + 1 FOR ${bytesPerStep}::int) AS record
        FROM unnest(${steps}::int[]) AS step CROSS JOIN LATERAL (
          SELECT from_step, records FROM ledger_chunk
          WHERE project_id = ${projectId} AND experiment_id = ${experimentId} AND from_step <= step
          ORDER BY from_step DESC LIMIT 1) AS chunk
        ORDER BY step`;
      return rows.flatMap(({ step, record }) =>
        unpackSteps(record, step).map((entry) => pointOf(name, entry)),
      );
    });
  }
}

/** The first, the last and every n-th number between. */
function strided(first: number, last: number, maxPoints: number): number[] {
  // The last point comes besides the strided ones, so the stride counts with one point less.
  const stride = Math.max(1, Math.ceil((last - first) / (maxPoints - 1)));
  const steps: number[] = [];
  for (let step = first; step < last; step += stride) steps.push(step);
  return last < first ? steps : [...steps, last];
}

function pointOf(
  name: MetricName,
  { step, lossBits, gradientNormBits, learningRate }: RecordedStep,
): MetricPoint {
  if (name === 'learningRate') return [step, learningRate];
  return [step, floatOf(name === 'loss' ? lossBits : gradientNormBits)];
}

/** The float32 whose bits are given, as JSON can show it. */
function floatOf(bits: number): number | null {
  const value = floatOfBits(bits);
  return Number.isFinite(value) ? value : null;
}
