// What the environment says of the service. Parsed once at start into a value that cannot be wrong; passed on from there.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { availableCores } from './machine/cores.ts';
import { CodedError } from './error.ts';
import { isLoopback } from './machine/loopback.ts';

type ExecutionProvider = 'auto' | 'cpu' | 'cuda';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute path. */
  readonly dataDirectory: string;
  readonly databaseUrl: string;
  readonly temporal: TemporalConfig;
  readonly storageUrl: string;
  /** An own S3 endpoint expects the bucket in the path, not in the host name. */
  readonly storagePathStyle: boolean;
  readonly executionProvider: ExecutionProvider;
  /** Which of several CUDA devices, counted from 0. */
  readonly executionDevice: number;
  /** Where workers keep optimized graphs. */
  readonly graphCacheDirectory: string;
  readonly trainingThreads: number;
  readonly auth: 'none';
  readonly logLevel: string;
  readonly hub: HubConfig;
  readonly limits: { readonly datasetBytes: number; readonly modelBytes: number };
  /** That one API process takes at a time. */
  readonly uploadsAtOnce: number;
  readonly replay: ReplayConfig;
  /** Workflows that the coordinator worker keeps in memory between their tasks; `null`: as many as Temporal's SDK does. */
  readonly workflowCacheSize: number | null;
  /** Objects that nothing refers to are removed when they are older than this. */
  readonly collectionGraceSeconds: number;
  /** Of the processes that this one takes the place of, and that are gone. */
  readonly predecessorProcesses: readonly number[];
  /** From one comparison of database, Temporal and store to the next; 0: none. */
  readonly reconcileSeconds: number;
}

/** What the coordinator worker replays before it polls. */
export interface ReplayConfig {
  /** Running workflows; with 0 nothing is replayed. */
  readonly sample: number;
  /** Ids of workflows that may break. */
  readonly allowedBreaks: readonly string[];
}

/** The Hugging Face hub, or another that speaks its protocol. */
interface HubConfig {
  readonly url: string;
  readonly token: string | null;
}

export interface TemporalConfig {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey: string | null;
  /** Paths of PEM files for mutual TLS, or `null` for a plain connection. */
  readonly tls: { readonly certificatePath: string; readonly keyPath: string } | null;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** That of this process: named here alone. What the service is told is read from it here, the rest in process-environment.ts. */
export const processEnvironment = process.env;

export const variables = {
  host: 'HOST',
  port: 'PORT',
  dataDirectory: 'DATA_DIR',
  databaseUrl: 'DATABASE_URL',
  temporalAddress: 'TEMPORAL_ADDRESS',
  temporalNamespace: 'TEMPORAL_NAMESPACE',
  temporalApiKey: 'TEMPORAL_API_KEY',
  temporalCertificate: 'TEMPORAL_TLS_CERT',
  temporalKey: 'TEMPORAL_TLS_KEY',
  storageUrl: 'STORAGE_URL',
  s3Endpoint: 'AWS_ENDPOINT_URL_S3',
  awsEndpoint: 'AWS_ENDPOINT_URL',
  executionProvider: 'EXECUTION_PROVIDER',
  executionDevice: 'EXECUTION_DEVICE',
  trainingThreads: 'TRAINING_THREADS',
  auth: 'AUTH',
  logLevel: 'LOG_LEVEL',
  hubUrl: 'HUB_URL',
  hubToken: 'HUB_TOKEN',
  datasetLimit: 'MAX_DATASET_BYTES',
  modelLimit: 'MAX_MODEL_BYTES',
  uploadsAtOnce: 'MAX_UPLOADS',
  replaySample: 'REPLAY_SAMPLE',
  replayAllowedBreaks: 'REPLAY_ALLOWED_BREAKS',
  collectionGrace: 'COLLECTION_GRACE_SECONDS',
  workflowCacheSize: 'WORKFLOW_CACHE_SIZE',
  reconcileInterval: 'RECONCILE_SECONDS',
  predecessorProcesses: 'PREDECESSOR_PROCESS',
} as const;

const gibibyte = 1024 ** 3;
/** S3 copies an object of at most so many bytes in one request (`CopyObject`), which is how an upload is published. */
const mostUploadBytes = 5 * gibibyte;
const greatestProcess = 2 ** 31 - 1;
const daySeconds = 86_400;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * Reads the configuration.
 *
 * @throws CodedError `configuration_invalid` naming the variable and what it may be.
 */
export function readConfig(environment: Environment = processEnvironment): Config {
  const text = (name: string, fallback: string): string => environment[name] || fallback;
  const dataDirectory = resolve(text(variables.dataDirectory, '.data'));
  return {
    host: loopbackHost(environment),
    port: wholeNumber(environment, variables.port, 8080, 0, 65_535),
    dataDirectory,
    databaseUrl: databaseUrl(environment),
    temporal: {
      address: temporalAddress(environment),
      namespace: text(variables.temporalNamespace, 'default'),
      apiKey: environment[variables.temporalApiKey] || null,
      tls: tlsFiles(environment),
    },
    storageUrl: storageUrl(environment, dataDirectory),
    storagePathStyle: s3Endpoint(environment) !== null,
    executionProvider: oneOf(environment, variables.executionProvider, ['auto', 'cpu', 'cuda'], 'auto'),
    executionDevice: wholeNumber(environment, variables.executionDevice, 0, 0, 255),
    graphCacheDirectory: resolve(dataDirectory, 'graphs'),
    trainingThreads: wholeNumber(environment, variables.trainingThreads, availableCores(), 1, 1024),
    auth: oneOf(environment, variables.auth, ['none'], 'none'),
    logLevel: oneOf(environment, variables.logLevel, logLevels, 'info'),
    hub: {
      url: webAddress(environment, variables.hubUrl) ?? 'https://huggingface.co',
      token: environment[variables.hubToken] || null,
    },
    limits: {
      datasetBytes: wholeNumber(environment, variables.datasetLimit, gibibyte, 1, mostUploadBytes),
      modelBytes: wholeNumber(environment, variables.modelLimit, 2 * gibibyte, 1, mostUploadBytes),
    },
    uploadsAtOnce: wholeNumber(environment, variables.uploadsAtOnce, 8, 1, 1000),
    reconcileSeconds: wholeNumber(environment, variables.reconcileInterval, 60, 0, 86_400),
    replay: {
      sample: wholeNumber(environment, variables.replaySample, 20, 0, 10_000),
      allowedBreaks: list(environment, variables.replayAllowedBreaks),
    },
    predecessorProcesses: list(environment, variables.predecessorProcesses).map((text) =>
      wholeNumber(
        { [variables.predecessorProcesses]: text },
        variables.predecessorProcesses,
        0,
        1,
        greatestProcess,
      ),
    ),
    workflowCacheSize: environment[variables.workflowCacheSize]
      ? wholeNumber(environment, variables.workflowCacheSize, 0, 0, 1_000_000)
      : null,
    collectionGraceSeconds: wholeNumber(
      environment,
      variables.collectionGrace,
      daySeconds,
      0,
      365 * daySeconds,
    ),
  };
}

/** The level of the log, also when the rest of the configuration cannot be read. */
export function logLevel(environment: Environment = processEnvironment): string {
  const level = environment[variables.logLevel];
  return logLevels.find((known) => known === level) ?? 'info';
}

/**
 * Reads the configuration of a part that runs by itself. It shares database, Temporal and store with the other parts,
 * so that a default for one of them would only hide that it is missing.
 *
 * @throws CodedError `configuration_invalid` naming the variables that are not set, or what `readConfig` throws.
 */
export function readPartConfig(environment: Environment = processEnvironment): Config {
  requireSet([variables.databaseUrl, variables.temporalAddress, variables.storageUrl], environment);
  return readConfig(environment);
}

/**
 * Reads how a command that needs nothing but Temporal reaches it.
 *
 * @throws CodedError `configuration_invalid`, as `readPartConfig`.
 */
export function readTemporalConfig(environment: Environment = processEnvironment): TemporalConfig {
  requireSet([variables.temporalAddress], environment);
  return readConfig(environment).temporal;
}

function requireSet(names: readonly string[], environment: Environment): void {
  const missing = names.filter((name) => !environment[name]);
  if (missing.length > 0)
    throw new CodedError(
      'configuration_invalid',
      `${missing.join(', ')} must be set, to the same for every part ` +
        '(beside a running npm start: set -a; . .data/stack.env; set +a).',
    );
}

/** The database for messages: where it is, without the password, and which variable says so. */
export function databaseName({ databaseUrl }: Pick<Config, 'databaseUrl'>): string {
  const { host, pathname } = new URL(withHost(databaseUrl));
  return `PostgreSQL at ${host}${pathname} (${variables.databaseUrl})`;
}

/** The object store for messages, as {@link databaseName}. */
export function storeName({ storageUrl }: Pick<Config, 'storageUrl'>): string {
  return `The object store ${storageUrl} (${variables.storageUrl})`;
}

/** Temporal for messages, as {@link databaseName}. */
export function temporalName({ address }: Pick<TemporalConfig, 'address'>): string {
  return `Temporal at ${address} (${variables.temporalAddress})`;
}

/** PostgreSQL's addresses may have a user and no host, which is among the parameters then. */
function withHost(databaseUrl: string): string {
  return databaseUrl.replace('@/', '@localhost/');
}

/** Whether the operator set a variable himself, so that the embedded stack must not start that part. */
export function isSet(name: string, environment: Environment = processEnvironment): boolean {
  return Boolean(environment[name]);
}

/** Without access control nothing would keep other machines out. */
function loopbackHost(environment: Environment): string {
  const host = environment[variables.host] || '127.0.0.1';
  if (!isLoopback(host))
    throw invalid(
      variables.host,
      `must be 127.0.0.1, ::1 or localhost while ${variables.auth} is none, but is "${host}"`,
    );
  return host;
}

/** What is refused is not shown: it may hold a password. */
function databaseUrl(environment: Environment): string {
  const url = environment[variables.databaseUrl] ?? '';
  if (url !== '' && !hasProtocol(withHost(url), /^postgres(?:ql)?:$/u))
    throw invalid(variables.databaseUrl, 'must be postgresql://user:password@host:port/database');
  return url;
}

function temporalAddress(environment: Environment): string {
  const address = environment[variables.temporalAddress] || '127.0.0.1:7233';
  if (!/^(?:[^\s/:[\]]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/u.test(address))
    throw invalid(variables.temporalAddress, `must be host:port, but is "${address}"`);
  return address;
}

function storageUrl(environment: Environment, dataDirectory: string): string {
  const text = environment[variables.storageUrl];
  if (!text) return pathToFileURL(resolve(dataDirectory, 'objects')).href;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isFolder = url?.protocol === 'file:' && url.host === '';
  const isBucket = url?.protocol === 's3:' && url.host !== '';
  if (!isFolder && !isBucket)
    throw invalid(
      variables.storageUrl,
      `must be file:///absolute/folder or s3://bucket/prefix, but is "${text}"`,
    );
  return text;
}

/** Where S3 is, where that is not Amazon's. */
function s3Endpoint(environment: Environment): string | null {
  return webAddress(environment, variables.s3Endpoint) ?? webAddress(environment, variables.awsEndpoint);
}

function webAddress(environment: Environment, name: string): string | null {
  const url = environment[name];
  if (!url) return null;
  if (!hasProtocol(url, /^https?:$/u))
    throw invalid(name, `must be an http or https address, but is "${url}"`);
  return url;
}

function hasProtocol(url: string, protocol: RegExp): boolean {
  return URL.canParse(url) && protocol.test(new URL(url).protocol);
}

function tlsFiles(environment: Environment): TemporalConfig['tls'] {
  const certificatePath = environment[variables.temporalCertificate];
  const keyPath = environment[variables.temporalKey];
  if (!certificatePath && !keyPath) return null;
  if (!certificatePath || !keyPath)
    throw invalid(
      variables.temporalKey,
      `is set together with ${variables.temporalCertificate} or not at all`,
    );
  return { certificatePath, keyPath };
}

/** What commas separate. */
function list(environment: Environment, name: string): readonly string[] {
  return (environment[name] ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

function wholeNumber(
  environment: Environment,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const text = environment[name];
  if (!text) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw invalid(name, `must be a whole number from ${least} to ${most}, but is "${text}"`);
  return value;
}

function oneOf<T extends string>(
  environment: Environment,
  name: string,
  allowed: readonly T[],
  fallback: T,
): T {
  const text = environment[name] || fallback;
  const value = allowed.find((candidate) => candidate === text);
  if (value === undefined) throw invalid(name, `must be one of ${allowed.join(', ')}, but is "${text}"`);
  return value;
}

function invalid(name: string, problem: string): CodedError {
  return new CodedError('configuration_invalid', `${name} ${problem}.`);
}
