// An experiment as readers see it, and the one query that reads it with what belongs to it.
import type { ExperimentFailure } from '../experiment/activity.ts';
import type { AttemptPhase } from '../experiment/attempt.ts';
import type { ExperimentSpec } from '../experiment/spec.ts';
import type { Lineage } from '../experiment/lineage.ts';
import type { ExperimentState, RequestedAction } from '../experiment/state.ts';
import { Prisma } from './generated/client.ts';
import { startKinds } from './outbox.ts';

export interface ExperimentProgress {
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly loss: number | null;
  readonly learningRate: number | null;
  readonly tokensPerSecond: number | null;
  readonly etaSeconds: number | null;
}

export interface SnapshotSummary {
  readonly id: string;
  readonly sha256: string;
  readonly rows: { readonly train: number; readonly evaluation: number; readonly leftOut: number };
  readonly labels: readonly string[];
  readonly tokens: number;
}

export interface EvaluationSummary {
  readonly metrics: Readonly<Record<string, number | null>>;
}

export interface CheckpointRecord {
  readonly step: number;
  /** `sha256:…` of the manifest. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly createdAt: Date;
}

export interface ExperimentRecord {
  readonly projectId: string;
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly spec: ExperimentSpec;
  readonly state: ExperimentState;
  /** How many transitions led to it, as its workflow counts them. */
  readonly stateSequence: number;
  readonly requestedAction: RequestedAction | null;
  readonly error: ExperimentFailure | null;
  readonly progress: ExperimentProgress | null;
  readonly snapshot: SnapshotSummary | null;
  readonly evaluation: EvaluationSummary | null;
  readonly reportSha256: string | null;
  readonly historySha256: string | null;
  readonly lineage: Lineage;
  readonly latestCheckpoint: CheckpointRecord | null;
  /** Attempts at training, the running one included. */
  readonly attempts: number;
  /** What the running attempt does; `null` while none runs. */
  readonly openPhase: AttemptPhase | null;
  /** Whether Temporal could not be told of the experiment so far. */
  readonly startDelayed: boolean;
  /** Counts every change that a reader can see. */
  readonly version: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

interface ExperimentRow extends Omit<ExperimentRecord, 'latestCheckpoint'> {
  readonly checkpointStep: number | null;
  readonly checkpointId: string | null;
  readonly checkpointSizeBytes: bigint | null;
  readonly checkpointCreatedAt: Date | null;
}

/** The query of experiments, to be followed by its conditions and order; the experiment is `e`. */
const selectExperiments = Prisma.sql`
  SELECT e.project_id AS "projectId", e.id, e.name, e.tags, e.spec, e.state,
    e.state_sequence AS "stateSequence",
    e.requested_action AS "requestedAction", e.error, e.progress, e.snapshot, e.evaluation,
    e.report_sha256 AS "reportSha256", e.history_sha256 AS "historySha256", e.lineage, e.version,
    e.created_at AS "createdAt", e.started_at AS "startedAt", e.finished_at AS "finishedAt",
    (SELECT count(*)::int FROM attempt a
      WHERE a.project_id = e.project_id AND a.experiment_id = e.id AND a.phase = 'training') AS "attempts",
    (SELECT a.phase FROM attempt a
      WHERE a.project_id = e.project_id AND a.experiment_id = e.id AND a.ended_at IS NULL
      ORDER BY a.lease DESC LIMIT 1) AS "openPhase",
    EXISTS (SELECT FROM outbox o
      WHERE o.project_id = e.project_id AND o.experiment_id = e.id AND o.kind = ANY(${startKinds}) AND o.attempts > 0)
      AS "startDelayed",
    c.step AS "checkpointStep", c.manifest AS "checkpointId", c.size_bytes AS "checkpointSizeBytes",
    c.created_at AS "checkpointCreatedAt"
  FROM experiment e
  LEFT JOIN LATERAL (
    SELECT step, manifest, size_bytes, created_at FROM checkpoint
    WHERE project_id = e.project_id AND experiment_id = e.id ORDER BY step DESC LIMIT 1) c ON true`;

/** Runs `selectExperiments` with its ending. */
export async function readExperiments(
  queries: Prisma.TransactionClient,
  ending: Prisma.Sql,
): Promise<readonly ExperimentRecord[]> {
  const rows = await queries.$queryRaw<ExperimentRow[]>(Prisma.sql`${selectExperiments} ${ending}`);
  return rows.map(toRecord);
}

function toRecord(row: ExperimentRow): ExperimentRecord {
  const { checkpointStep, checkpointId, checkpointSizeBytes, checkpointCreatedAt, ...experiment } = row;
  const latestCheckpoint =
    checkpointStep === null || checkpointId === null || checkpointCreatedAt === null
      ? null
      : {
          step: checkpointStep,
          id: checkpointId,
          sizeBytes: Number(checkpointSizeBytes),
          createdAt: checkpointCreatedAt,
        };
  return { ...experiment, latestCheckpoint };
}
