// The connection to Postgres: a small pool behind Prisma, and the one place where an unreachable server gets its code.
import { PrismaPg } from '@prisma/adapter-pg';
import { CodedError } from '../error.ts';
import { PrismaClient, type Prisma } from './generated/client.ts';
import { isUnavailable } from './unavailable.ts';

/** Connections a process holds at most; a whole stack of them stays far below the server's limit. */
const maximumConnections = 10;
const connectionTimeoutMilliseconds = 5_000;
/** How long a transaction may wait for a connection, and then run. */
const transactionLimits = { maxWait: 5_000, timeout: 30_000 } as const;

/** A process that stands still within a transaction keeps its locks for so long; then the server ends its connection. */
const longestIdleTransactionMilliseconds = 10_000;

/** What a query runs on: the pool, or one transaction of it. */
export type Queries = Prisma.TransactionClient;

export class Database {
  readonly #client: PrismaClient;

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /**
   * Runs queries, each for itself.
   *
   * @throws CodedError `database_unavailable` when the server cannot be reached.
   */
  async run<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#coded(() => work(this.#client));
  }

  /**
   * Runs queries as one transaction (READ COMMITTED): all of them or none.
   *
   * @throws CodedError `database_unavailable` when the server cannot be reached.
   */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#coded(() => this.#client.$transaction(work, transactionLimits));
  }

  /** Asks the server for nothing, to learn whether it answers. */
  async check(): Promise<void> {
    await this.run((queries) => queries.$queryRaw`SELECT 1`);
  }

  async close(): Promise<void> {
    await this.#client.$disconnect();
  }

  async #coded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isUnavailable(error))
        throw new CodedError('database_unavailable', 'PostgreSQL does not answer.', { cause: error });
      throw error;
    }
  }
}

/** Makes the pool; it connects when the first query comes. */
export function openDatabase(url: string): Database {
  const adapter = new PrismaPg({
    connectionString: url,
    max: maximumConnections,
    connectionTimeoutMillis: connectionTimeoutMilliseconds,
    // A dead peer is noticed also where no packet says so.
    keepAlive: true,
    idle_in_transaction_session_timeout: longestIdleTransactionMilliseconds,
    // The adapter takes every time it reads for UTC.
    options: '-c TimeZone=UTC',
  });
  return new Database(new PrismaClient({ adapter }));
}
