// Pins: they keep a blob from the collector while no row refers to it yet.
import { CodedError } from '../error.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import type { PinBlobs } from '../experiment/blob.ts';
import type { Database, Queries } from './client.ts';

/** Longer than any upload takes; who commits later than that must store its blobs anew. */
const pinHours = 24;
/** The holder of pins that hold until a time. */
const anyone = '';

/**
 * The writer's half of the protocol with the collector (its half is in collection-session.ts). Whoever is about to store a
 * blob, or to find that it is stored already, pins it first; whoever commits a row that refers to it does so while the pin is
 * there. For each hash the lock is the same that the collector holds from its look at the pins until the object is gone:
 *
 * - the pin commits before the collector looks: the collector leaves the object alone;
 * - the collector looked first: the pin waits for the lock, and whether the object is stored is asked after it is gone.
 */
export class BlobPins {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Pins for 24 h. The row that comes to refer to the blobs is committed under {@link requirePinned}. */
  forUpload(projectId: string): PinBlobs {
    return (sha256s) => this.#pin(projectId, sha256s, anyone);
  }

  /** Pins until the experiment has ended: no attempt of it commits a row after that. */
  untilEnd({ projectId, experimentId }: ExperimentReference): PinBlobs {
    return (sha256s) => this.#pin(projectId, sha256s, experimentId);
  }

  /** The hashes among these that someone has pinned. */
  async pinned(projectId: string, sha256s: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#database.run((queries) =>
      queries.blobPin.findMany({
        where: { projectId, sha256: { in: [...sha256s] } },
        distinct: ['sha256'],
        select: { sha256: true },
      }),
    );
    return new Set(rows.map(({ sha256 }) => sha256));
  }

  async #pin(projectId: string, sha256s: readonly string[], holder: string): Promise<void> {
    const hours = holder === anyone ? pinHours : null;
    // One statement is one transaction: whichever part comes first, nothing is seen before the lock was had.
    await this.#database.run(
      (queries) => queries.$executeRaw`
        WITH locked AS MATERIALIZED (
          SELECT pg_advisory_xact_lock_shared(hashtextextended(${projectId}::text || sha256, 0))::text, sha256
          FROM (SELECT DISTINCT sha256 FROM unnest(${[...sha256s]}::text[]) AS s(sha256) ORDER BY 1) AS sorted)
        INSERT INTO blob_pin (project_id, sha256, holder, expires_at)
        SELECT ${projectId}, sha256, ${holder}, clock_timestamp() + make_interval(hours => ${hours}::int) FROM locked
        ON CONFLICT (project_id, sha256, holder) DO UPDATE SET expires_at = excluded.expires_at`,
    );
  }
}

/**
 * Holds a transaction that commits references to the pins of what it refers to. A pin that ran out before is no pin any more
 * once the collector has removed it; that can only be after the process stood still for a day.
 *
 * @throws CodedError `storage_unavailable`: what was stored may be gone, and is to be stored again.
 */
export async function requirePinned(
  queries: Queries,
  projectId: string,
  sha256s: readonly string[],
): Promise<void> {
  const pinned = await queries.$queryRaw<{ sha256: string }[]>`
    SELECT sha256 FROM blob_pin WHERE project_id = ${projectId} AND sha256 = ANY(${[...sha256s]}::text[])
    FOR KEY SHARE`;
  const held = new Set(pinned.map(({ sha256 }) => sha256));
  if (!sha256s.every((sha256) => held.has(sha256)))
    throw new CodedError('storage_unavailable', 'What was stored was not referred to within a day.');
}
