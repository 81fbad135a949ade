// The connection to Postgres: a small pool behind Prisma, and the one place where an unreachable server gets its code.
import { PrismaPg } from '@prisma/adapter-pg';
import { CodedError } from '../error.ts';
import { PrismaClient, type Prisma } from './generated/client.ts';
import { Turns } from '../waiting/turns.ts';
import { connectionSettings } from './session.ts';
import { statementNames } from './statement-names.ts';
import { withCodedOutage } from './unavailable.ts';

/** Connections a process holds at most; a whole stack of them stays far below the server's limit. */
const maximumConnections = 10;
/** Whatever finds no connection free waits for its turn: a crowd of requests is served late instead of refused. */
const turnLimits = {
  atOnce: maximumConnections,
  waitSeconds: 60,
  standstillSeconds: 5,
  refusal: () => new CodedError('database_unavailable', 'PostgreSQL did not get to this request in time.'),
} as const;
/** How long a transaction may wait for a connection, and then run. */
const transactionLimits = { maxWait: 5_000, timeout: 30_000 } as const;

/** A process that stands still within a transaction keeps its locks for so long; then the server ends its connection. */
const longestIdleTransactionMilliseconds = 10_000;

/** What a query runs on: the pool, or one transaction of it. */
export type Queries = Prisma.TransactionClient;

/** A pool of connections to PostgreSQL, behind turns, so that a crowd waits instead of failing. */
export class Database {
  readonly #client: PrismaClient;
  readonly #turns = new Turns(turnLimits);

  constructor(client: PrismaClient) {
    this.#client = client;
  }

  /**
   * Runs queries, each for itself. What is run within must not run or begin another: that would wait for a turn while it has one.
   *
   * @throws CodedError `database_unavailable` when the server cannot be reached, or does not get to it in time.
   */
  async run<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return withCodedOutage(() => this.#turns.take(() => work(this.#client)));
  }

  /**
   * Runs queries as one transaction (READ COMMITTED): all of them or none.
   *
   * @throws CodedError `database_unavailable` when the server cannot be reached, or does not get to it in time.
   */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return withCodedOutage(() => this.#turns.take(() => this.#client.$transaction(work, transactionLimits)));
  }

  /** Asks the server for nothing, to learn whether it answers: not behind all that waits for a turn. */
  async check(): Promise<void> {
    await withCodedOutage(() => this.#client.$queryRaw`SELECT 1`);
  }

  async close(): Promise<void> {
    await this.#client.$disconnect();
  }
}

/** Makes the pool; it connects when the first query comes. */
export function openDatabase(url: string): Database {
  const adapter = new PrismaPg(
    {
      ...connectionSettings,
      connectionString: url,
      max: maximumConnections,
      idle_in_transaction_session_timeout: longestIdleTransactionMilliseconds,
      // The adapter takes every time it reads for UTC.
      options: '-c TimeZone=UTC',
    },
    { statementNameGenerator: statementNames() },
  );
  return new Database(new PrismaClient({ adapter }));
}
