// The collector's connection: one collection of a project at a time, and the lock under which a blob is removed.
import type { Client, QueryResult, QueryResultRow } from 'pg';
import { endedStates } from '../experiment/state.ts';
import { newSession } from './session.ts';
import { withCodedOutage } from './unavailable.ts';

/** A collector that stands still keeps its locks for so long: they are of blobs that nothing refers to. */
const longestIdleTransactionMilliseconds = 60_000;
/** No removal begins so long after its locks were taken. What began has the rest of the minute to end. */
const removalMilliseconds = 20_000;

export interface Removal {
  /** Hashes that nobody has pinned and that were removed. */
  readonly removed: readonly string[];
  /** Hashes that there was no time for. */
  readonly rest: readonly string[];
}

/**
 * The collector's half of the protocol (the writer's is in blob-pins.ts). It is safe at any age of an object because
 *
 * - pins are forgotten at the begin of a collection only, before the rows are read. So a row that was committed after they
 *   were read, which is a row that the collection does not know, has a pin at every moment of the rest of the collection;
 * - there is one collection at a time, as the connection that holds that lock is the one that removes: when it is lost, the
 *   next removal fails;
 * - from the look at the pins until the objects are gone their locks are held, for which whoever pins them waits.
 */
export class CollectionSession {
  readonly #client: Client;
  readonly #projectId: string;
  readonly #now: () => number;

  private constructor(client: Client, projectId: string, now: () => number) {
    this.#client = client;
    this.#projectId = projectId;
    this.#now = now;
  }

  /**
   * Begins a collection: forgets the pins that hold nothing any more.
   *
   * @param now milliseconds of a clock that does not jump.
   * @returns `undefined` while another collection of the project is under way.
   * @throws CodedError `database_unavailable`.
   */
  static async begin(
    databaseUrl: string,
    projectId: string,
    now: () => number = () => performance.now(),
  ): Promise<CollectionSession | undefined> {
    const client = newSession(databaseUrl, {
      idle_in_transaction_session_timeout: longestIdleTransactionMilliseconds,
    });
    const session = new CollectionSession(client, projectId, now);
    try {
      await withCodedOutage(() => client.connect());
      if (await session.#lockCollection()) {
        await session.#forgetPins();
        return session;
      }
      await session.close();
      return undefined;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Removes what nobody has pinned.
   *
   * @param remove removes one object; it is never called for a pinned hash.
   * @throws CodedError `database_unavailable`; what `remove` throws.
   */
  async removeUnpinned(
    sha256s: readonly string[],
    remove: (sha256: string) => Promise<void>,
  ): Promise<Removal> {
    await this.#query('BEGIN');
    try {
      const begun = this.#now();
      const unpinned = await this.#lockUnpinned(sha256s);
      const removed: string[] = [];
      for (const sha256 of unpinned) {
        if (this.#now() - begun > removalMilliseconds) break;
        await remove(sha256);
        removed.push(sha256);
      }
      await this.#query('COMMIT');
      return { removed, rest: unpinned.slice(removed.length) };
    } catch (error) {
      // The session may be gone, and its locks with it; the first error is the one to tell.
      await this.#query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** The hashes among these that someone has pinned. */
  async pinned(sha256s: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.#query<{ sha256: string }>(
      'SELECT DISTINCT sha256 FROM blob_pin WHERE project_id = $1 AND sha256 = ANY($2::text[])',
      [this.#projectId, sha256s],
    );
    return new Set(rows.map(({ sha256 }) => sha256));
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }

  async #lockCollection(): Promise<boolean> {
    const { rows } = await this.#query<{ locked: boolean }>(
      `SELECT pg_try_advisory_lock(hashtextextended('collection of ' || $1, 0)) AS locked`,
      [this.#projectId],
    );
    return rows[0]?.locked === true;
  }

  async #forgetPins(): Promise<void> {
    await this.#query(
      `DELETE FROM blob_pin WHERE project_id = $1 AND (
           expires_at < clock_timestamp()
           OR expires_at IS NULL AND NOT EXISTS (
             SELECT FROM experiment
             WHERE project_id = blob_pin.project_id AND id = blob_pin.holder AND state <> ALL ($2::text[])))`,
      [this.#projectId, endedStates],
    );
  }

  /** In the order in which writers take the locks, so that none waits for another in a circle. */
  async #lockUnpinned(sha256s: readonly string[]): Promise<readonly string[]> {
    const sorted = [...new Set(sha256s)].sort();
    await this.#query(
      `SELECT count(pg_advisory_xact_lock(hashtextextended($1 || sha256, 0))::text)
       FROM (SELECT sha256 FROM unnest($2::text[]) AS s(sha256) ORDER BY 1) AS sorted`,
      [this.#projectId, sorted],
    );
    // A statement of its own: it sees what was committed until the locks were had.
    const pinned = await this.pinned(sorted);
    return sorted.filter((sha256) => !pinned.has(sha256));
  }

  #query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>> {
    return withCodedOutage(() => this.#client.query<Row>(text, values));
  }
}
