// The embedded stack: database, Temporal, API and workers as child processes, on a data directory of its own.
// It only starts parts and sets the variables that each of them reads in production too.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allEnded } from '../waiting/all-ended.ts';
import { databaseName, isSet, storeName, temporalName, variables, type Config } from '../config.ts';
import { searchAttributeNames } from '../experiment/name.ts';
import { reasonLine } from '../process-end.ts';
import { childEnvironment, silenceAwsNodeNotice } from '../process-environment.ts';
import { requireFreePort } from '../machine/require-free-port.ts';
import { connectionOptions } from '../temporal/connection.ts';
import { lockDirectory } from './directory-lock.ts';
import { writeEnvironmentFile } from './environment-file.ts';
import { freePort } from './free-port.ts';
import { untilAnswers } from './given-service.ts';
import { endLeftovers } from './leftover.ts';
import { spawnProgram, spawnSpare } from './node-program.ts';
import { checkPostgres, preparePostgres } from './postgres.ts';
import { stackVariable } from './process-identity.ts';
import { SupervisedPart, type PartOptions, type Tell } from './supervised-part.ts';
import { findTemporal } from './temporal-program.ts';
import { keepLogsShort } from './log-size.ts';
import { checkTemporal, temporalServer } from './temporal.ts';
import { until } from './until.ts';

export interface Stack {
  /** Where the API answers. */
  readonly url: string;
  /** Where Temporal's own pages are, when the stack runs Temporal. */
  readonly temporalUi: string | undefined;
  /** Stops every part, workers first, within 30 s. */
  stop(): Promise<void>;
}

const stopSeconds = { worker: 18, api: 6, temporal: 4, postgres: 6 } as const;
const readyTimeoutSeconds = 90;
/** An API that does not answer one question in time is asked again. */
const answerTimeoutSeconds = 5;

/** Programs of the stack, beside this file in the built tree. */
const programs = {
  api: '../http/server.js',
  'coordinator-worker': '../../workers/coordinator-worker.js',
  'evaluation-worker': '../../workers/evaluation-worker.js',
  'training-worker': '../../workers/training-worker.js',
} as const;
const trainingSpare = '../../workers/spare-of-training.js';

/**
 * Starts everything that the operator has not set an address for, and resolves when the API answers. Once `stopping` is
 * aborted it gives up, and stops what it has started.
 *
 * @throws CodedError `data_directory_in_use`; `dependency_missing`.
 */
export async function startStack(config: Config, tell: Tell, stopping: AbortSignal): Promise<Stack> {
  const { dataDirectory } = config;
  const lock = await lockDirectory(dataDirectory);
  const running: SupervisedPart[] = [];
  const logs = logDirectory(config);
  const stopShortening = keepLogsShort(logs, tell);
  const stop = async (): Promise<void> => {
    await stopParts(running);
    stopShortening();
    await lock.release();
  };
  try {
    const ended = await endLeftovers(dataDirectory);
    if (ended > 0) tell(`Ended ${ended} processes that an earlier stack had left running.`);
    await mkdir(logs, { recursive: true });
    const port = config.port === 0 ? await freePort() : config.port;
    await requireFreePort(config.host, port);
    const own = childEnvironment({ [stackVariable]: dataDirectory });
    const start: Start = { config, own, running, tell, stopping };
    // All come to their end before a fault of one stops what was started: nothing is started after that.
    const [database, temporal, storageUrl] = await allEnded([
      startPostgres(start),
      startTemporal(start),
      storage(start),
    ]);
    const environment = {
      ...database,
      ...temporal.environment,
      [variables.host]: config.host,
      [variables.port]: String(port),
      [variables.dataDirectory]: dataDirectory,
      [variables.storageUrl]: storageUrl,
    };
    await writeEnvironmentFile(join(dataDirectory, 'stack.env'), environment);
    for (const [name, path] of Object.entries(programs)) {
      const program = { path, logFile: logFile(config, name), environment: { ...own, ...environment } };
      supervise(start, {
        name,
        kind: name === 'api' ? 'api' : 'worker',
        spawn: (endedProcesses) => spawnProgram(program, endedProcesses),
        ...(name === 'training-worker' && {
          spawnSpare: () => spawnSpare({ ...program, path: trainingSpare }),
        }),
      });
    }
    const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
    await until(() => answers(url), {
      timeoutSeconds: readyTimeoutSeconds,
      what: 'The API',
      signal: stopping,
    });
    return { url, temporalUi: temporal.uiAddress, stop };
  } catch (error) {
    const ends = running.flatMap(({ lastEnd }) => lastEnd ?? []);
    await stop();
    if (ends.length === 0) throw error;
    throw new Error([reasonLine(error), ...ends].join('\n'), { cause: error });
  }
}

/** What the start of a part goes by. */
interface Start {
  readonly config: Config;
  /** The environment of every process of the stack. */
  readonly own: Record<string, string>;
  readonly running: SupervisedPart[];
  readonly tell: Tell;
  readonly stopping: AbortSignal;
}

const logDirectory = ({ dataDirectory }: Config): string => join(dataDirectory, 'logs');
const logFile = (config: Config, part: string): string => join(logDirectory(config), `${part}.log`);

function supervise(
  { config, running, tell }: Start,
  {
    kind,
    ...options
  }: Pick<PartOptions, 'name' | 'spawn' | 'spawnSpare'> & { readonly kind: keyof typeof stopSeconds },
): void {
  const part = new SupervisedPart({
    ...options,
    // PostgreSQL's fast shutdown is SIGINT: it ends sessions instead of waiting for them.
    stopSignal: kind === 'postgres' ? 'SIGINT' : 'SIGTERM',
    stopTimeoutSeconds: stopSeconds[kind],
    logFile: logFile(config, options.name),
    tell,
  });
  running.push(part);
  part.start();
}

/** Workers and API first, while what they need still answers; then Temporal; then the database. */
async function stopParts(parts: readonly SupervisedPart[]): Promise<void> {
  const servers = ['temporal', 'postgres'];
  await Promise.all(parts.filter(({ name }) => !servers.includes(name)).map((part) => part.stop()));
  for (const name of servers) await parts.find((part) => part.name === name)?.stop();
}

/** The object store's address. A folder of the stack's own needs no start. */
async function storage({ config, tell, stopping }: Start): Promise<string> {
  const { storageUrl, storagePathStyle: forcePathStyle } = config;
  if (isSet(variables.storageUrl)) {
    silenceAwsNodeNotice();
    // Its libraries take memory that the supervisor otherwise does without.
    const { openStore } = await import('../storage/open-store.ts');
    const store = openStore(storageUrl, { forcePathStyle });
    await untilAnswers({ name: storeName(config), check: () => store.check() }, tell, stopping);
  }
  return storageUrl;
}

async function startPostgres(start: Start): Promise<Record<string, string>> {
  const { config, own, tell, stopping } = start;
  if (isSet(variables.databaseUrl)) {
    const { databaseUrl } = config;
    const check = () => checkPostgres(databaseUrl);
    await untilAnswers({ name: databaseName(config), check }, tell, stopping);
    return { [variables.databaseUrl]: databaseUrl };
  }
  const server = await preparePostgres({
    directory: join(config.dataDirectory, 'postgres'),
    logFile: logFile(config, 'postgres'),
    environment: own,
  });
  stopping.throwIfAborted();
  supervise(start, { name: 'postgres', kind: 'postgres', spawn: () => server.spawn() });
  await server.ready(stopping);
  return { [variables.databaseUrl]: server.url };
}

async function startTemporal(
  start: Start,
): Promise<{ environment: Record<string, string>; uiAddress: string | undefined }> {
  const { config, own, tell, stopping } = start;
  const { address, namespace } = config.temporal;
  if (isSet(variables.temporalAddress)) {
    const options = await connectionOptions(config.temporal);
    const check = () => checkTemporal(options, namespace);
    await untilAnswers({ name: temporalName(config.temporal), check }, tell, stopping);
    return {
      environment: { [variables.temporalAddress]: address, [variables.temporalNamespace]: namespace },
      uiAddress: undefined,
    };
  }
  const program = await findTemporal({
    cacheDirectory: fileURLToPath(new URL('../../../.cache/temporal', import.meta.url)),
    searchPath: own['PATH'] ?? '',
    tell,
    stopping,
  });
  const server = temporalServer({
    program,
    databaseFile: join(config.dataDirectory, 'temporal.db'),
    namespace,
    port: await freePort(),
    uiPort: await freePort(),
    logFile: logFile(config, 'temporal'),
    searchAttributes: Object.values(searchAttributeNames),
    environment: own,
  });
  stopping.throwIfAborted();
  supervise(start, { name: 'temporal', kind: 'temporal', spawn: () => server.spawn() });
  await server.ready(stopping);
  return {
    environment: { [variables.temporalAddress]: server.address, [variables.temporalNamespace]: namespace },
    uiAddress: server.uiAddress,
  };
}

/** False also while nobody listens. */
async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(answerTimeoutSeconds * 1000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
