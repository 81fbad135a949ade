// Every row that refers to something in the object store, read page by page in the order of ids.
import type { BlobRef } from '../experiment/blob.ts';
import type { ExperimentState } from '../experiment/state.ts';
import type { Database } from './client.ts';
import type { DatasetSplit } from './dataset-repository.ts';
import type { EvaluationSummary, SnapshotSummary } from './experiment-record.ts';
import { Prisma } from './generated/client.ts';
import { tableOf, type SourceKind } from './source-deletion.ts';

const rowsAPage = 200;

export interface ReferringDataset {
  readonly id: string;
  readonly splits: Readonly<Record<string, Pick<DatasetSplit, 'blob'>>>;
}

export interface ReferringModel {
  readonly id: string;
  readonly blobs: Readonly<Record<string, BlobRef>>;
}

export interface ReferringExperiment {
  readonly id: string;
  readonly state: ExperimentState;
  readonly datasetId: string | null;
  readonly modelId: string | null;
  readonly snapshot: SnapshotSummary | null;
  readonly evaluation: EvaluationSummary | null;
  readonly reportSha256: string | null;
  readonly historySha256: string | null;
  /** Counts every change that a reader can see. */
  readonly version: number;
}

export interface ReferringCheckpoint {
  readonly experimentId: string;
  readonly step: number;
  /** `sha256:…` of the manifest. */
  readonly manifest: string;
  readonly stateSha256: string;
  readonly sizeBytes: number;
  readonly needsSteps: readonly number[];
}

/** @throws CodedError `database_unavailable`, as the pages are read. */
export class ReferenceRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async *datasets(projectId: string): AsyncGenerator<ReferringDataset> {
    yield* pages((after: ReferringDataset | undefined) =>
      this.#database.run(async (queries) => {
        const rows = await queries.dataset.findMany({
          where: { projectId, id: { gt: after?.id ?? '' } },
          orderBy: { id: 'asc' },
          take: rowsAPage,
          select: { id: true, splits: true },
        });
        // This room alone writes the column, by the same type.
        return rows as unknown as ReferringDataset[];
      }),
    );
  }

  async *models(projectId: string): AsyncGenerator<ReferringModel> {
    yield* pages((after: ReferringModel | undefined) =>
      this.#database.run(async (queries) => {
        const rows = await queries.model.findMany({
          where: { projectId, id: { gt: after?.id ?? '' } },
          orderBy: { id: 'asc' },
          take: rowsAPage,
          select: { id: true, blobs: true },
        });
        // This room alone writes the column, by the same type.
        return rows as unknown as ReferringModel[];
      }),
    );
  }

  async *experiments(projectId: string): AsyncGenerator<ReferringExperiment> {
    yield* pages((after: ReferringExperiment | undefined) =>
      this.#database.run(async (queries) => {
        const rows = await queries.experiment.findMany({
          where: { projectId, id: { gt: after?.id ?? '' } },
          orderBy: { id: 'asc' },
          take: rowsAPage,
          select: experimentColumns,
        });
        // This room alone writes these columns, by the same types.
        return rows as unknown as ReferringExperiment[];
      }),
    );
  }

  /** One experiment as it is now. */
  async experiment(projectId: string, id: string): Promise<ReferringExperiment | undefined> {
    const row = await this.#database.run((queries) =>
      queries.experiment.findUnique({
        where: { projectId_id: { projectId, id } },
        select: experimentColumns,
      }),
    );
    return row === null ? undefined : (row as unknown as ReferringExperiment);
  }

  /** In the order of experiments and steps. */
  async *checkpoints(projectId: string): AsyncGenerator<ReferringCheckpoint> {
    yield* pages((after: ReferringCheckpoint | undefined) =>
      this.#database.run(async (queries) => {
        const rows = await queries.checkpoint.findMany({
          where: {
            projectId,
            ...(after && {
              OR: [
                { experimentId: { gt: after.experimentId } },
                { experimentId: after.experimentId, step: { gt: after.step } },
              ],
            }),
          },
          orderBy: [{ experimentId: 'asc' }, { step: 'asc' }],
          take: rowsAPage,
        });
        return rows.map(({ sizeBytes, ...row }) => ({ ...row, sizeBytes: Number(sizeBytes) }));
      }),
    );
  }

  /** All of one experiment, in the order of steps. */
  async checkpointsOf(projectId: string, experimentId: string): Promise<readonly ReferringCheckpoint[]> {
    const rows = await this.#database.run((queries) =>
      queries.checkpoint.findMany({ where: { projectId, experimentId }, orderBy: { step: 'asc' } }),
    );
    return rows.map(({ sizeBytes, ...row }) => ({ ...row, sizeBytes: Number(sizeBytes) }));
  }

  async sourceExists(projectId: string, kind: SourceKind, id: string): Promise<boolean> {
    const rows = await this.#database.run((queries) =>
      queries.$queryRaw<object[]>(
        Prisma.sql`SELECT id FROM ${tableOf[kind]} WHERE project_id = ${projectId} AND id = ${id}`,
      ),
    );
    return rows.length > 0;
  }

  /** Pins of checkpoints that are not there. */
  async danglingPins(
    projectId: string,
  ): Promise<readonly { experimentId: string; step: number; pinnedBy: string }[]> {
    return this.#database.run(
      (queries) => queries.$queryRaw<{ experimentId: string; step: number; pinnedBy: string }[]>`
        SELECT experiment_id AS "experimentId", step, pinned_by AS "pinnedBy" FROM checkpoint_pin p
        JOIN experiment e ON e.project_id = p.project_id AND e.id = p.pinned_by AND e.finished_at IS NULL
        WHERE p.project_id = ${projectId} AND NOT EXISTS (
          SELECT FROM checkpoint c WHERE c.project_id = p.project_id
            AND c.experiment_id = p.experiment_id AND c.step = p.step)`,
    );
  }
}

const experimentColumns = {
  id: true,
  state: true,
  datasetId: true,
  modelId: true,
  snapshot: true,
  evaluation: true,
  reportSha256: true,
  historySha256: true,
  version: true,
} as const;

/** @param read the page after a row, from the first one on; an empty page is the end. */
async function* pages<Row>(read: (after: Row | undefined) => Promise<readonly Row[]>): AsyncGenerator<Row> {
  let last: Row | undefined;
  do {
    const rows = await read(last);
    yield* rows;
    last = rows.at(-1);
  } while (last !== undefined);
}
