// Uploaded models. The same content twice within a project is one object.
import type { BlobRef } from '../experiment/blob.ts';
import { notFound } from '../experiment/not-found.ts';
import { requirePinned } from './blob-pins.ts';
import type { Database } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { decodeCursor, olderThan, pageOf, type Page } from './page.ts';
import { deleteSource } from './source-deletion.ts';

/** The part of a model's configuration that a submission is checked against, besides whatever else it holds. */
interface ModelConfigRecord {
  readonly layers: number;
  readonly maxPositions: number;
  /** Positions that no text can take; none where it is left out. */
  readonly positionOffset?: number;
  readonly [name: string]: unknown;
}

interface ModelBlobs {
  readonly config: BlobRef;
  readonly tokenizer: BlobRef;
  readonly weights: BlobRef;
}

export interface NewModel {
  readonly projectId: string;
  readonly id: string;
  readonly sha256: string;
  readonly architecture: string;
  /** How many numbers the weights are. */
  readonly parameters: number;
  /** Names of files and tensors that were left aside. */
  readonly ignored: readonly string[];
  /** What the model's config.json says, read. */
  readonly config: ModelConfigRecord;
  readonly blobs: ModelBlobs;
}

export interface ModelRecord extends NewModel {
  readonly createdAt: Date;
}

/** Uploaded models, each once by its content. Every method throws CodedError `database_unavailable`. */
export class ModelRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores a model, whose blobs must be pinned, or finds the one with the same content, whose id it keeps.
   *
   * @throws CodedError `storage_unavailable` when a blob is not pinned any more.
   */
  async createOrGet(model: NewModel): Promise<{ readonly record: ModelRecord; readonly created: boolean }> {
    const { projectId, sha256 } = model;
    return this.#database.transaction(async (queries) => {
      const stored = Object.values<BlobRef>({ ...model.blobs }).map(({ sha256: hash }) => hash);
      await requirePinned(queries, projectId, stored);
      const json = (value: object) => value as unknown as Prisma.InputJsonValue;
      const data = {
        ...model,
        ignored: json(model.ignored),
        config: json(model.config),
        blobs: json(model.blobs),
      };
      // Once more where the one that was in the way is deleted meanwhile.
      for (;;) {
        const { count } = await queries.model.createMany({ data, skipDuplicates: true });
        const row = await queries.model.findUnique({
          where: { projectId_sha256: { projectId, sha256 } },
        });
        if (row) return { record: toRecord(row), created: count > 0 };
      }
    });
  }

  /** @throws CodedError `in_use` while an experiment that has not ended needs it; `not_found`. */
  async delete(projectId: string, id: string): Promise<void> {
    await this.#database.transaction((queries) => deleteSource(queries, 'model', projectId, id));
  }

  async get(projectId: string, id: string): Promise<ModelRecord | undefined> {
    const row = await this.#database.run((queries) =>
      queries.model.findUnique({ where: { projectId_id: { projectId, id } } }),
    );
    return row ? toRecord(row) : undefined;
  }

  /** @throws CodedError `not_found`. */
  async require(projectId: string, id: string): Promise<ModelRecord> {
    const record = await this.get(projectId, id);
    if (record === undefined) throw notFound('model', id);
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
  ): Promise<Page<ModelRecord>> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.#database.run((queries) =>
      queries.model.findMany({
        where: { projectId, ...(after && olderThan(after)) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      }),
    );
    return pageOf(rows.map(toRecord), limit);
  }
}

function toRecord(row: Prisma.ModelGetPayload<object>): ModelRecord {
  // This room alone writes these columns, by the same types.
  const { ignored, config, blobs } = row as unknown as Pick<ModelRecord, 'ignored' | 'config' | 'blobs'>;
  return { ...row, parameters: Number(row.parameters), ignored, config, blobs };
}
