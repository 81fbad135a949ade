// How fast machines have trained, and how much memory they have: what estimates are made from. Of machines, not of projects.
import type { StepWorkload } from '../estimate/workload.ts';
import type { Database } from './client.ts';
import type { Prisma } from './generated/client.ts';

/** What a training worker tells of itself and of how fast it trained. */
export interface Calibration {
  readonly host: string;
  /** `sha256:…` of the sizes of the model and of what is trained. */
  readonly sizesSha256: string;
  /** The processor's name. */
  readonly processor: string;
  readonly threads: number;
  readonly provider: string;
  readonly onnxruntimeVersion: string;
  /** What the worker's process may use. */
  readonly memoryLimitBytes: number;
  /** Of the steps that were timed, on average. */
  readonly workload: StepWorkload;
  readonly stepSeconds: number;
  /** Tokens of a step, padding included. */
  readonly slotsPerStep: number;
}

export interface CalibrationRecord extends Calibration {
  readonly recordedAt: Date;
}

/** A machine may have another name each time it starts. */
const keptDays = 180;

/** How fast machines have trained. Every method throws CodedError `database_unavailable`. */
export class CalibrationRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Keeps the latest of each host, sizes, threads and provider, and forgets those of machines that are long gone. */
  async record(calibration: Calibration): Promise<void> {
    const { host, sizesSha256, threads, provider } = calibration;
    const memoryLimitBytes = BigInt(calibration.memoryLimitBytes);
    const data = { ...calibration, memoryLimitBytes, workload: { ...calibration.workload } };
    await this.#database.transaction(async (queries) => {
      await queries.calibration.upsert({
        where: { host_sizesSha256_threads_provider: { host, sizesSha256, threads, provider } },
        create: data,
        update: data,
        select: { host: true },
      });
      // By the database's clock: those of machines may differ, and the latest of all is asked for.
      await queries.$executeRaw`
        UPDATE calibration SET recorded_at = clock_timestamp()
        WHERE host = ${host} AND sizes_sha256 = ${sizesSha256} AND threads = ${threads}::int
          AND provider = ${provider}`;
      await queries.$executeRaw`
        DELETE FROM calibration WHERE recorded_at < clock_timestamp() - ${keptDays}::int * interval '1 day'`;
    });
  }

  /** The latest first. */
  async latest(limit: number): Promise<readonly CalibrationRecord[]> {
    const rows = await this.#database.run((queries) =>
      queries.calibration.findMany({
        orderBy: [{ recordedAt: 'desc' }, { host: 'asc' }, { sizesSha256: 'asc' }],
        take: limit,
      }),
    );
    return rows.map(toRecord);
  }
}

function toRecord(row: Prisma.CalibrationGetPayload<object>): CalibrationRecord {
  // This room alone writes the column, by the same type.
  const workload = row.workload as unknown as StepWorkload;
  return { ...row, memoryLimitBytes: Number(row.memoryLimitBytes), workload };
}
