// What every worker process has in common: its connections, its stop, and the worker of Temporal's SDK.
import { hostname } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { allEnded } from '../src/waiting/all-ended.ts';
import { readPartConfig, type Config } from '../src/config.ts';
import { ChangeFeed } from '../src/database/change-feed.ts';
import { openDatabase } from '../src/database/client.ts';
import { applyMigrations, migrationsDirectory } from '../src/database/migrate.ts';
import { createRepositories } from '../src/database/repositories.ts';
import type { TaskQueue } from '../src/experiment/name.ts';
import { createLogger, type Logger } from '../src/log.ts';
import { endFatally, orRefuse } from '../src/process-end.ts';
import { silenceAwsNodeNotice, switchOffEngineTelemetry, switchOffTf32 } from '../src/process-environment.ts';
import { openStore } from '../src/storage/open-store.ts';
import { tidyScratch } from '../src/storage/scratch-directory.ts';
import { connectionOptions } from '../src/temporal/connection.ts';
import type { ActivityDependencies } from './attempt/dependencies.ts';

/** What a kind of worker runs, and what it opened for that. */
interface WorkerKindOptions extends Pick<WorkerOptions, 'activities' | 'workflowBundle'> {
  /** Called when the worker has ended: nothing may keep the process alive. */
  readonly close?: () => Promise<void>;
}

/** What runs beside a worker gets besides. */
interface BackgroundDependencies extends ActivityDependencies {
  readonly changes: ChangeFeed;
}

/** What a kind of worker adds. */
export interface WorkerKind {
  readonly name: string;
  readonly taskQueue: TaskQueue;
  /** Activities that run at once. */
  readonly slots: number;
  options(dependencies: ActivityDependencies): WorkerKindOptions;
  /** Must resolve before the worker polls; a request to stop ends the process meanwhile. */
  beforePolling?(dependencies: ActivityDependencies, config: Config): Promise<void>;
  /** Runs beside the worker until `stopping` is aborted. Its failure stops the worker, and the process ends with status 1. */
  background?(dependencies: BackgroundDependencies, config: Config): Promise<void>;
}

/** Activities have this long to keep their work after a request to stop. */
const stopGraceSeconds = 16;
/** A cancellation reaches an activity with the answer to a heartbeat: at most this late. */
const heartbeatIntervalSeconds = 1;

/** Runs a worker until SIGTERM or SIGINT; the process then ends with status 0. */
export async function runWorkerProcess(kind: WorkerKind): Promise<void> {
  silenceAwsNodeNotice();
  switchOffTf32();
  switchOffEngineTelemetry();
  const config = await orRefuse(readPartConfig);
  const log = createLogger(kind.name, config.logLevel);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  // Until the worker is there nothing was taken on that a stop would have to look after.
  const leave = (): void => process.exit(0);
  stopping.signal.addEventListener('abort', leave);
  try {
    await run(kind, config, log, stopping, leave);
  } catch (error) {
    endFatally(log, error);
  }
}

async function run(
  kind: WorkerKind,
  config: Config,
  log: Logger,
  stopping: AbortController,
  leave: () => void,
): Promise<void> {
  // Signals are ours: training must hear of them at once, not at the end of the grace time.
  Runtime.install({
    shutdownSignals: [],
    workerHeartbeatInterval: '5 s',
    logger: sdkLogger(log),
    // Its native part would write lines of its own form to the console, past the logger.
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  });
  await tidyScratch(log);
  log.info('starting: waits for the database and Temporal');
  await applyMigrations(config.databaseUrl, migrationsDirectory());
  const database = openDatabase(config.databaseUrl);
  const changes = new ChangeFeed(config.databaseUrl);
  const temporalOptions = await connectionOptions(config.temporal);
  const connection = await NativeConnection.connect(temporalOptions);
  const client = new Client({
    connection: Connection.lazy(temporalOptions),
    namespace: config.temporal.namespace,
  });
  const dependencies: ActivityDependencies = {
    repositories: createRepositories(database),
    store: openStore(config.storageUrl, { forcePathStyle: config.storagePathStyle }),
    temporal: client,
    config,
    host: hostname(),
    stopping: stopping.signal,
    endProcess: () => process.exit(1),
    log,
  };
  const { close, ...options } = kind.options(dependencies);
  try {
    await kind.beforePolling?.(dependencies, config);
    const worker = await Worker.create({
      connection,
      namespace: config.temporal.namespace,
      taskQueue: kind.taskQueue,
      maxConcurrentActivityTaskExecutions: kind.slots,
      maxHeartbeatThrottleInterval: `${heartbeatIntervalSeconds} s`,
      shutdownGraceTime: `${stopGraceSeconds} s`,
      ...(config.workflowCacheSize !== null && { maxCachedWorkflows: config.workflowCacheSize }),
      ...options,
    });
    stopping.signal.removeEventListener('abort', leave);
    stopping.signal.addEventListener('abort', () => {
      // One that broke down stops by itself.
      if (worker.getState() === 'RUNNING') worker.shutdown();
    });
    const works = [worker.run()];
    if (kind.background) {
      changes.start();
      works.push(kind.background({ ...dependencies, changes }, config));
    }
    log.info('ready');
    // The end of one stops the other: half a process would hold rows of the outbox, or deliver none, and never be started again.
    await allEnded(works.map((work) => work.finally(() => stopping.abort())));
  } finally {
    await close?.();
    await changes.stop();
    await client.connection.close();
    await connection.close();
    await database.close();
  }
}

/** What Temporal's SDK has to say goes where everything else goes. */
function sdkLogger(log: Logger): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (level === 'ERROR') log.error(meta ?? {}, message);
    // That a pool serves activities alone is how it is meant.
    else if (message.startsWith('No workflows registered')) log.debug(message);
    else log.warn(meta ?? {}, message);
  });
}
