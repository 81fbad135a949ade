// The application over real parts: PostgreSQL, a directory as object store, and a Temporal that is there or away on demand.
import { readdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions, Response } from 'light-my-request';
import { expect } from 'vitest';
import { ChangeFeed } from '../../src/database/change-feed.ts';
import { openDatabase } from '../../src/database/client.ts';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import { createRepositories, type Repositories } from '../../src/database/repositories.ts';
import { CodedError } from '../../src/error.ts';
import { defaultProject } from '../../src/experiment/id.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import { buildApp } from '../../src/http/app.ts';
import type { App, AppDependencies } from '../../src/http/dependencies.ts';
import { modelOpener } from '../../src/http/experiment/export-model.ts';
import { UploadTurns } from '../../src/http/upload/upload-turns.ts';
import { createLogger, type Logger } from '../../src/log.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { encodeSafetensors } from '../../src/model/safetensors.ts';
import type { TemporalGateway } from '../../src/temporal/gateway.ts';
import { profileOf, noTimes, progressAt, stepsFrom } from '../database/fixture.ts';
import { startTestPostgres, type TestPostgres } from '../database/postgres.ts';

/** So few, that a test can have them all under way. */
export const uploadsAtOnce = 2;
export const uploadSilenceSeconds = 4;

export interface Service {
  readonly app: App;
  readonly log: Logger;
  readonly postgres: TestPostgres;
  readonly repositories: Repositories;
  readonly changes: ChangeFeed;
  readonly blobs: BlobStore;
  readonly checkpoints: CheckpointStore;
  readonly storeDirectory: string;
  /** Another application over the same parts, as after a restart. */
  buildAnother(): Promise<App>;
  /** Whether Temporal answers. */
  temporalAnswers: boolean;
  /** What workers answer to a request for predictions. */
  predict: TemporalGateway['predict'];
  /** What the coordinator worker answers to a request for an audit. */
  audit: TemporalGateway['audit'];
  /** Every file under the object store's folder. */
  storedFiles(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startService(limits = { datasetBytes: 1e9, modelBytes: 1e9 }): Promise<Service> {
  const postgres = await startTestPostgres();
  const url = await postgres.migrated();
  const storeDirectory = await mkdtemp(join(tmpdir(), 'objects-'));
  const store = new DirectoryStore(storeDirectory);
  const database = openDatabase(url);
  const changes = new ChangeFeed(url);
  const listening = new Promise<void>((resolve) => changes.onOutbox(resolve));
  changes.start();
  await listening;
  const repositories = createRepositories(database);
  const parts = {
    repositories,
    blobs: new BlobStore(store, '', repositories.pins.forUpload(defaultProject)),
    checkpoints: new CheckpointStore(store, defaultProject),
  };
  const service: Pick<Service, 'temporalAnswers' | 'predict' | 'audit'> = {
    temporalAnswers: true,
    predict: () => Promise.reject(new Error('nobody predicts')),
    audit: () => Promise.reject(new Error('nobody audits')),
  };
  const requireTemporal = (): Promise<void> =>
    service.temporalAnswers
      ? Promise.resolve()
      : Promise.reject(new CodedError('temporal_unavailable', 'Temporal does not answer.'));
  const temporal: AppDependencies['temporal'] = {
    check: requireTemporal,
    async queues() {
      await requireTemporal();
      const worker = { id: 'host/1/1', host: 'host', slots: 1, busy: 0, lastSeenAt: new Date(0) };
      return [{ name: taskQueues.training, backlog: 2, workers: [worker] }];
    },
    async predict(input, signal) {
      await requireTemporal();
      return service.predict(input, signal);
    },
    async audit(experiment, signal) {
      await requireTemporal();
      return service.audit(experiment, signal);
    },
  };
  const openModel = modelOpener({ ...parts, experiments: parts.repositories.experiments });
  const log = createLogger('test', 'silent');
  const buildAnother = (): Promise<App> =>
    buildApp({
      ...parts,
      changes,
      store,
      temporal,
      openModel,
      limits,
      uploads: new UploadTurns(uploadsAtOnce, uploadSilenceSeconds),
      log,
    });
  const app = await buildAnother();
  return Object.assign(service, parts, {
    app,
    log,
    buildAnother,
    changes,
    postgres,
    storeDirectory,
    storedFiles: async () => {
      const entries = await readdir(storeDirectory, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    },
    stop: async () => {
      await app.close();
      await changes.stop();
      await database.close();
      await postgres.stop();
      await rm(storeDirectory, { recursive: true });
    },
  });
}

export interface FormPart {
  readonly field: string;
  /** Left out: the part is a field, not a file. */
  readonly file?: string;
  readonly content: string | Buffer;
}

/** The body and headers of a multipart form. */
export function form(parts: readonly FormPart[]): { payload: Buffer; headers: Record<string, string> } {
  const boundary = 'boundary-of-the-form';
  const chunks = parts.flatMap(({ field, file, content }) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="${field}"${file === undefined ? '' : `; filename="${file}"`}\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return {
    payload: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}

/** Injects a request and reads the JSON answer. */
export async function call(
  { app }: Pick<Service, 'app'>,
  method: InjectOptions['method'] & string,
  url: string,
  options: Omit<InjectOptions, 'method' | 'url'> = {},
): Promise<Response & { body: string }> {
  return app.inject({ method: method as 'GET', url, ...options });
}

/** Holds an answer to be 304 that says nothing of a body: a cache would take that for what it has. */
export function expectNotChanged({ statusCode, body, headers }: Response): void {
  expect([statusCode, body]).toEqual([304, '']);
  expect(headers['etag']).toEqual(expect.any(String));
  expect([headers['content-type'], headers['content-length']]).toEqual([undefined, undefined]);
}

/** Holds an answer to be a problem of this status and code, with nothing of the server's inside. */
export function expectProblem(
  response: Response,
  status: number,
  code: string,
  paths?: readonly string[],
): void {
  expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([status, code]);
  expect(response.headers['content-type']).toBe('application/problem+json');
  const problem = response.json<Record<string, unknown>>();
  for (const field of ['type', 'title', 'detail', 'instance', 'requestId'])
    expect(problem[field]).toEqual(expect.any(String));
  expect(problem['status']).toBe(status);
  expect(response.headers['retry-after']).toEqual(status === 503 ? expect.any(String) : undefined);
  expect(response.body).not.toMatch(/node_modules|\.ts:|\/tmp\/|SELECT |at .*\(/u);
  if (paths)
    expect((problem['errors'] as { path: string }[]).map(({ path }) => path).sort()).toEqual(
      [...paths].sort(),
    );
}

const rows = Array.from({ length: 12 }, (_, index) => `"text ${index}, with a comma",${index % 2}`);
export const csv = ['text,label', ...rows].join('\n');

export async function uploadDataset(service: Pick<Service, 'app'>): Promise<string> {
  const response = await call(
    service,
    'POST',
    '/datasets',
    form([
      { field: 'train', file: 'train.csv', content: csv },
      { field: 'validation', file: 'validation.csv', content: csv },
    ]),
  );
  expect([200, 201]).toContain(response.statusCode);
  return response.json<{ id: string }>().id;
}

export const scratch = {
  layers: 1,
  hiddenSize: 8,
  heads: 2,
  intermediateSize: 16,
  vocabularySize: 100,
  maxPositions: 128,
};

export function submissionOf(datasetId: string): Record<string, unknown> {
  return {
    name: 'first',
    model: { scratch },
    dataset: { id: datasetId, textField: 'text', labelField: 'label' },
  };
}

export async function submitExperiment(service: Pick<Service, 'app'>): Promise<string> {
  const payload = submissionOf(await uploadDataset(service));
  const response = await call(service, 'POST', '/experiments', { payload });
  expect(response.statusCode).toBe(201);
  return response.json<{ id: string }>().id;
}

/** An experiment, a new one where none is given, trains: with 25 steps as an attempt writes them. */
export async function beginTraining(
  service: Pick<Service, 'app' | 'repositories'>,
  experimentId?: string,
): Promise<LeaseHolder> {
  const { attempts, ledger, transitions } = service.repositories;
  const reference = {
    projectId: defaultProject,
    experimentId: experimentId ?? (await submitExperiment(service)),
  };
  await transitions.recordTransition({ ...reference, sequence: 1, state: 'training', error: null });
  const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
  const profile = profileOf(2);
  await attempts.setAttemptProfile(holder, { profile, threads: 2, provider: 'cpu', startStep: 0 });
  await ledger.recordSteps(holder, { steps: stepsFrom(1, 25), progress: progressAt(25), times: noTimes });
  return holder;
}

/** Publishes and commits a checkpoint whose one weight is `w`, `[step, 2, 3]`. */
export async function commitCheckpoint(
  { blobs, checkpoints, repositories }: Pick<Service, 'blobs' | 'checkpoints' | 'repositories'>,
  holder: LeaseHolder,
  step: number,
  { config = { model_type: 'bert' }, bestStep }: { config?: object; bestStep?: number } = {},
): Promise<void> {
  const tokenizer = await blobs.putBytes(Buffer.from('{"version":"1.0"}'));
  const weights = await blobs.putBytes(
    encodeSafetensors([{ name: 'w', shape: [3], data: Float32Array.of(step, 2, 3) }]),
  );
  const hash = `sha256:${'0'.repeat(64)}`;
  const { id } = await checkpoints.publish({
    formatVersion: 2,
    experimentId: holder.experimentId,
    step,
    phase: 'training',
    profile: { ...profileOf(2) },
    snapshotSha256: hash,
    specSha256: hash,
    blobs: {
      base: weights,
      parameters: weights,
      firstMoments: weights,
      secondMoments: weights,
      vocabulary: null,
      config: await blobs.putBytes(Buffer.from(JSON.stringify(config))),
      tokenizer,
    },
    unusedWords: { scale: 1, momentum: 0 },
    evaluations:
      bestStep === undefined ? null : { lastStep: step, best: { step: bestStep, value: 1 }, sinceBest: 1 },
    lora: null,
    ledger: { steps: step, sha256: hash },
  });
  await repositories.checkpoints.commitCheckpoint(holder, {
    step,
    id,
    stateSha256: id,
    sizeBytes: weights.sizeBytes,
  });
}
