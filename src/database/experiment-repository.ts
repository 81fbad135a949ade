// Experiments: submitting one exactly once, and reading them.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import type { Lineage } from '../experiment/lineage.ts';
import { notFound } from '../experiment/not-found.ts';
import type { ExperimentSpec } from '../experiment/spec.ts';
import type { ExperimentState } from '../experiment/state.ts';
import { pinCheckpoint } from './checkpoint-pin.ts';
import type { Database, Queries } from './client.ts';
import { appendEvent } from './event-repository.ts';
import { deleteExperiment } from './experiment-deletion.ts';
import { readExperiments, type ExperimentRecord } from './experiment-record.ts';
import { takeOver, type Fork } from './fork.ts';
import { Prisma } from './generated/client.ts';
import { addToOutbox } from './outbox.ts';
import { tableOf, type SourceKind } from './source-deletion.ts';
import { decodeCursor, pageOf, type Page } from './page.ts';

/** How long a key is remembered. */
const idempotencyHours = 24;
const expiredKeysAtOnce = 100;

export interface IdempotencyRequest {
  readonly key: string;
  /** Hash of the body that came with the key. */
  readonly bodySha256: string;
}

export interface NewExperiment {
  readonly projectId: string;
  readonly id: string;
  readonly spec: ExperimentSpec;
  /** What a fork takes over; left out for what is none. */
  readonly fork?: Fork & { readonly lineage: Lineage };
  readonly idempotency: IdempotencyRequest | null;
  /** Makes the body of the answer, which is kept for replays. */
  readonly respond: (record: ExperimentRecord) => string;
}

export interface CreatedExperiment {
  readonly experimentId: string;
  readonly response: string;
  /** Whether an earlier request with the same key made it. */
  readonly replayed: boolean;
}

export interface ExperimentFilter {
  readonly state?: ExperimentState;
  readonly tag?: string;
  /** A part of the name; upper and lower case are the same. */
  readonly name?: string;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
}

export interface ListOptions {
  readonly limit: number;
  readonly sort: '-createdAt' | 'createdAt';
  readonly cursor?: string;
}

/** Experiments: their acceptance, once a key, and what of them is read. Every method throws CodedError `database_unavailable`. */
export class ExperimentRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores a submission: the experiment, the order to start it, its first event and its idempotency key, all or nothing.
   *
   * @throws CodedError `idempotency_key_reused` when the key came with another body before; `not_found`, `no_checkpoint` when
   * its dataset, model or the checkpoint that it begins with was removed meanwhile; of a fork what `takeOver` throws.
   */
  async create(experiment: NewExperiment): Promise<CreatedExperiment> {
    return this.#database.transaction(async (queries) => {
      const earlier = experiment.idempotency && (await this.#lockKey(queries, experiment));
      return earlier ?? insertExperiment(queries, experiment);
    });
  }

  /** The kept answer of an earlier request with this key, or `undefined`; throws as `create` does. */
  async findReplay(
    projectId: string,
    idempotency: IdempotencyRequest,
  ): Promise<CreatedExperiment | undefined> {
    return this.#database.run((queries) => replay(queries, projectId, idempotency));
  }

  /** Requests with one key take turns, so that the second finds what the first committed. */
  async #lockKey(queries: Queries, { projectId, idempotency }: NewExperiment) {
    if (!idempotency) return undefined;
    const lockName = JSON.stringify([projectId, idempotency.key]);
    await queries.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${lockName}, 0))::text`;
    await forgetExpiredKeys(queries);
    return replay(queries, projectId, idempotency);
  }

  async get({ projectId, experimentId }: ExperimentReference): Promise<ExperimentRecord | undefined> {
    const records = await this.#database.run((queries) =>
      readExperiments(queries, Prisma.sql`WHERE e.project_id = ${projectId} AND e.id = ${experimentId}`),
    );
    return records[0];
  }

  /** @throws CodedError `not_found`. */
  async require(reference: ExperimentReference): Promise<ExperimentRecord> {
    const record = await this.get(reference);
    if (!record) throw notFound('experiment', reference.experimentId);
    return record;
  }

  /** Its version and state alone, which are read far more cheaply. @throws CodedError `not_found`. */
  async requireVersion({
    projectId,
    experimentId,
  }: ExperimentReference): Promise<Pick<ExperimentRecord, 'version' | 'state'>> {
    const [row] = await this.#database.run(
      (queries) => queries.$queryRaw<Pick<ExperimentRecord, 'version' | 'state'>[]>`
        SELECT version, state FROM experiment WHERE project_id = ${projectId} AND id = ${experimentId}`,
    );
    if (!row) throw notFound('experiment', experimentId);
    return row;
  }

  /**
   * Removes an experiment that has ended with everything that belongs to it. Temporal's own history stays; what it has stored
   * is collected later, unless others refer to it.
   *
   * @throws CodedError `transition_not_allowed` when it has not ended; `in_use` while an experiment that has not ended needs
   * one of its checkpoints; `not_found`.
   */
  async delete(reference: ExperimentReference): Promise<void> {
    await this.#database.transaction((queries) => deleteExperiment(queries, reference));
  }

  /** @throws CodedError `invalid_request` for a cursor that no list gave. */
  async list(
    projectId: string,
    filter: ExperimentFilter,
    { limit, sort, cursor }: ListOptions,
  ): Promise<Page<ExperimentRecord>> {
    const conditions = [Prisma.sql`e.project_id = ${projectId}`, ...conditionsOf(filter)];
    const descending = sort === '-createdAt';
    if (cursor !== undefined) {
      const { createdAt, id } = decodeCursor(cursor);
      const comparison = descending ? Prisma.sql`<` : Prisma.sql`>`;
      conditions.push(
        Prisma.sql`(e.created_at, e.id) ${comparison} (${createdAt.toISOString()}::timestamptz, ${id})`,
      );
    }
    const direction = descending ? Prisma.sql`DESC` : Prisma.sql`ASC`;
    const where = Prisma.join(conditions, ' AND ');
    const rows = await this.#database.run((queries) =>
      readExperiments(
        queries,
        Prisma.sql`WHERE ${where} ORDER BY e.created_at ${direction}, e.id ${direction} LIMIT ${limit + 1}::int`,
      ),
    );
    return pageOf(rows, limit);
  }
}

async function replay(
  queries: Queries,
  projectId: string,
  { key, bodySha256 }: IdempotencyRequest,
): Promise<CreatedExperiment | undefined> {
  const [found] = await queries.$queryRaw<{ bodySha256: string; experimentId: string; response: string }[]>`
    SELECT body_sha256 AS "bodySha256", experiment_id AS "experimentId", response FROM idempotency_key
    WHERE project_id = ${projectId} AND key = ${key}
      AND created_at > now() - make_interval(hours => ${idempotencyHours}::int)`;
  if (!found) return undefined;
  if (found.bodySha256 !== bodySha256)
    throw new CodedError(
      'idempotency_key_reused',
      `The key was used with another body for ${found.experimentId}.`,
    );
  return { experimentId: found.experimentId, response: found.response, replayed: true };
}

async function insertExperiment(
  queries: Queries,
  { projectId, id, spec, fork, idempotency, respond }: NewExperiment,
): Promise<CreatedExperiment> {
  const reference = { projectId, experimentId: id };
  const datasetId = 'id' in spec.dataset ? spec.dataset.id : null;
  const modelId = 'id' in spec.model ? spec.model.id : null;
  // A fork has its rows in the snapshot that it takes over.
  if (datasetId !== null && !fork) await holdSource(queries, 'dataset', projectId, datasetId);
  if (modelId !== null) await holdSource(queries, 'model', projectId, modelId);
  await queries.experiment.create({
    data: {
      projectId,
      id,
      name: spec.name,
      tags: [...spec.tags],
      spec: spec as unknown as Prisma.InputJsonObject,
      datasetId,
      modelId,
      state: 'queued',
      ...(fork && { lineage: fork.lineage as unknown as Prisma.InputJsonArray }),
    },
    select: { id: true },
  });
  if ('experiment' in spec.model) {
    const { experiment: experimentId, step } = spec.model;
    await pinCheckpoint(queries, { projectId, experimentId, step, pinnedBy: id });
  }
  await appendEvent(queries, reference, 'created', { name: spec.name, state: 'queued' });
  if (fork) await takeOver(queries, reference, fork);
  await addToOutbox(queries, reference, 'start');
  const [record] = await readExperiments(
    queries,
    Prisma.sql`WHERE e.project_id = ${projectId} AND e.id = ${id}`,
  );
  if (!record) throw new Error('the experiment inserted just now is not there');
  const response = respond(record);
  if (idempotency) {
    const { key, bodySha256 } = idempotency;
    const kept = { bodySha256, experimentId: id, response, createdAt: record.createdAt };
    await queries.idempotencyKey.upsert({
      where: { projectId_key: { projectId, key } },
      create: { projectId, key, ...kept },
      // Only a key whose time is over can still be there.
      update: kept,
    });
  }
  return { experimentId: id, response, replayed: false };
}

/** Keeps a dataset or model from deletion until the transaction ends; after that the experiment does. */
async function holdSource(queries: Queries, kind: SourceKind, projectId: string, id: string): Promise<void> {
  const [found] = await queries.$queryRaw<object[]>(
    Prisma.sql`SELECT id FROM ${tableOf[kind]} WHERE project_id = ${projectId} AND id = ${id} FOR KEY SHARE`,
  );
  if (!found) throw notFound(kind, id);
}

/** A few at a time, and none that another request is forgetting. */
async function forgetExpiredKeys(queries: Queries): Promise<void> {
  await queries.$executeRaw`
    DELETE FROM idempotency_key WHERE (project_id, key) IN (
      SELECT project_id, key FROM idempotency_key
      WHERE created_at < now() - make_interval(hours => ${idempotencyHours}::int)
      ORDER BY created_at LIMIT ${expiredKeysAtOnce}::int FOR UPDATE SKIP LOCKED)`;
}

function conditionsOf(filter: ExperimentFilter): Prisma.Sql[] {
  const conditions: Prisma.Sql[] = [];
  if (filter.state !== undefined) conditions.push(Prisma.sql`e.state = ${filter.state}`);
  if (filter.tag !== undefined) conditions.push(Prisma.sql`${filter.tag} = ANY(e.tags)`);
  if (filter.name !== undefined) {
    const pattern = `%${filter.name.replace(/[\\%_]/gu, '\\$&')}%`;
    conditions.push(Prisma.sql`e.name ILIKE ${pattern}`);
  }
  if (filter.createdAfter) {
    conditions.push(Prisma.sql`e.created_at > ${filter.createdAfter.toISOString()}::timestamptz`);
  }
  if (filter.createdBefore) {
    conditions.push(Prisma.sql`e.created_at < ${filter.createdBefore.toISOString()}::timestamptz`);
  }
  return conditions;
}
