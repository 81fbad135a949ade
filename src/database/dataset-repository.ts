// Uploaded datasets. The same content twice within a project is one object.
import type { BlobRef } from '../experiment/blob.ts';
import { notFound } from '../experiment/not-found.ts';
import { requirePinned } from './blob-pins.ts';
import type { Database } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { decodeCursor, olderThan, pageOf, type Page } from './page.ts';
import { deleteSource } from './source-deletion.ts';

export interface DatasetSplit {
  readonly format: 'csv' | 'tsv' | 'jsonl' | 'parquet';
  readonly rows: number;
  readonly columns: readonly string[];
  /** The first rows, long values cut. */
  readonly sample: readonly Readonly<Record<string, unknown>>[];
  readonly blob: BlobRef;
}

export interface NewDataset {
  readonly projectId: string;
  readonly id: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly splits: Readonly<Record<string, DatasetSplit>>;
}

export interface DatasetRecord extends NewDataset {
  readonly createdAt: Date;
}

/** Uploaded datasets, each once by its content. Every method throws CodedError `database_unavailable`. */
export class DatasetRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores a dataset, whose blobs must be pinned, or finds the one with the same content, whose id it keeps.
   *
   * @throws CodedError `storage_unavailable` when a blob is not pinned any more.
   */
  async createOrGet(
    dataset: NewDataset,
  ): Promise<{ readonly record: DatasetRecord; readonly created: boolean }> {
    const { projectId, sha256 } = dataset;
    return this.#database.transaction(async (queries) => {
      const stored = Object.values(dataset.splits).map(({ blob }) => blob.sha256);
      await requirePinned(queries, projectId, stored);
      const splits = dataset.splits as unknown as Prisma.InputJsonObject;
      // Once more where the one that was in the way is deleted meanwhile.
      for (;;) {
        const { count } = await queries.dataset.createMany({
          data: { ...dataset, splits },
          skipDuplicates: true,
        });
        const row = await queries.dataset.findUnique({
          where: { projectId_sha256: { projectId, sha256 } },
        });
        if (row) return { record: toRecord(row), created: count > 0 };
      }
    });
  }

  /** @throws CodedError `in_use` while an experiment that has not ended needs it; `not_found`. */
  async delete(projectId: string, id: string): Promise<void> {
    await this.#database.transaction((queries) => deleteSource(queries, 'dataset', projectId, id));
  }

  async get(projectId: string, id: string): Promise<DatasetRecord | undefined> {
    const row = await this.#database.run((queries) =>
      queries.dataset.findUnique({ where: { projectId_id: { projectId, id } } }),
    );
    return row ? toRecord(row) : undefined;
  }

  /** @throws CodedError `not_found`. */
  async require(projectId: string, id: string): Promise<DatasetRecord> {
    const record = await this.get(projectId, id);
    if (record === undefined) throw notFound('dataset', id);
    return record;
  }

  /**
   * Newest first.
   *
   * @throws CodedError `invalid_request` for a cursor that no list gave.
   */
  async list(
    projectId: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<DatasetRecord>> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.#database.run((queries) =>
      queries.dataset.findMany({
        where: { projectId, ...(after && olderThan(after)) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      }),
    );
    return pageOf(rows.map(toRecord), limit);
  }
}

function toRecord(row: Prisma.DatasetGetPayload<object>): DatasetRecord {
  // This room alone writes the column, by the same type.
  const splits = row.splits as unknown as DatasetRecord['splits'];
  return { ...row, sizeBytes: Number(row.sizeBytes), splits };
}
