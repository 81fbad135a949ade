// What the tests of this room share: a project whose objects lie in a directory, and an experiment with all that it stores.
import type { OpenedDatabase } from '../database/fixture.ts';
import { profileOf, noTimes, progressAt, projectId, specOf, stepsFrom, submit } from '../database/fixture.ts';
import { CollectionSession } from '../../src/database/collection-session.ts';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { newDatasetId, newModelId, snapshotIdOf } from '../../src/experiment/id.ts';
import { collect, type Collected } from '../../src/retention/collect.ts';
import { sha256Of, type BlobStore } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import { encodeCheckpointManifest, type CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { extendLedgerHash } from '../../src/storage/ledger-hash.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';

export { projectId };

export interface Project {
  readonly database: OpenedDatabase;
  readonly store: ObjectStore;
}

/** The project's stores as the collector and the check use them. */
export function storesOf({ database, store }: Project) {
  return {
    projectId,
    rows: database.repositories.references,
    blobs: projectBlobs(store, projectId),
    manifests: new CheckpointStore(store, projectId),
  };
}

/** One whole collection. */
export async function collectAll(
  project: Project,
  {
    graceSeconds = 0,
    isDryRun = false,
    stopping = new AbortController().signal,
  }: { graceSeconds?: number; isDryRun?: boolean; stopping?: AbortSignal } = {},
): Promise<Collected> {
  const session = await CollectionSession.begin(project.database.url, projectId);
  if (session === undefined) throw new Error('another collection is under way');
  try {
    const { store } = project;
    // A moment later, as the clock of files is finer than that of dates.
    const now = () => new Date(Date.now() + 1000);
    return await collect({ ...storesOf(project), store, session, graceSeconds, isDryRun, stopping, now });
  } finally {
    await session.close();
  }
}

/** Every key in the store. */
export async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

const uploads = ({ database, store }: Project): BlobStore =>
  projectBlobs(store, projectId, database.repositories.pins.forUpload(projectId));

const put = (blobs: BlobStore, text: string) => blobs.putBytes(Buffer.from(text));

export async function addDataset(project: Project, content: string): Promise<string> {
  const blob = await put(uploads(project), content);
  const split = { format: 'csv' as const, rows: 1, columns: ['text', 'label'], sample: [], blob };
  const { record } = await project.database.repositories.datasets.createOrGet({
    projectId,
    id: newDatasetId(),
    sha256: blob.sha256,
    sizeBytes: blob.sizeBytes,
    splits: { train: split },
  });
  return record.id;
}

export async function addModel(project: Project, content: string): Promise<string> {
  const blobs = uploads(project);
  const { record } = await project.database.repositories.models.createOrGet({
    projectId,
    id: newModelId(),
    sha256: sha256Of(content),
    architecture: 'BertModel',
    parameters: 1,
    ignored: [],
    config: { layers: 1, maxPositions: 8 },
    blobs: {
      config: await put(blobs, `${content} config`),
      tokenizer: await put(blobs, `${content} tokenizer`),
      weights: await put(blobs, `${content} weights`),
    },
  });
  return record.id;
}

export interface StoredExperiment extends ExperimentReference {
  readonly holder: LeaseHolder;
  readonly datasetId: string;
  readonly modelId: string;
  readonly snapshotSha256: string;
}

/** An experiment in training, with a snapshot; each of its objects is its own. */
export async function addExperiment(project: Project, name: string): Promise<StoredExperiment> {
  const { repositories } = project.database;
  const datasetId = await addDataset(project, `${name} dataset`);
  const modelId = await addModel(project, `${name} model`);
  const spec = specOf(name);
  const reference = await submit(repositories, {
    ...spec,
    dataset: { ...spec.dataset, id: datasetId },
    model: { id: modelId },
  });
  const blobs = projectBlobs(project.store, projectId, repositories.pins.untilEnd(reference));
  const split = async (part: string) => ({
    name: part,
    rows: 1,
    tokens: 3,
    longest: 3,
    labelCounts: [1, 0],
    leftOut: 0,
    rowsBlob: await put(blobs, `${name} ${part} rows`),
    examplesBlob: await put(blobs, `${name} ${part} examples`),
  });
  const { sha256 } = await put(
    blobs,
    canonicalJson({
      formatVersion: 2,
      task: 'classification',
      columns: { text: 'text', textPair: null, label: 'label' },
      labels: ['a', 'b'],
      tokenizer: await put(blobs, `${name} tokenizer`),
      preprocessing: { maxSequenceLength: 8 },
      splits: { train: await split('train'), evaluation: await split('evaluation') },
      sources: { dataset: null, model: null },
    }),
  );
  await repositories.transitions.recordTransition({
    ...reference,
    sequence: 1,
    state: 'training',
    error: null,
  });
  const holder = await repositories.attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
  await repositories.attempts.setAttemptProfile(holder, {
    profile: profileOf(2),
    threads: 2,
    provider: 'cpu',
    startStep: 0,
  });
  await repositories.results.setSnapshot(holder, {
    id: snapshotIdOf(sha256),
    sha256,
    rows: { train: 1, evaluation: 1, leftOut: 0 },
    labels: ['a', 'b'],
    tokens: 6,
  });
  await repositories.ledger.recordSteps(holder, {
    steps: stepsFrom(1, 50),
    progress: progressAt(50),
    times: noTimes,
  });
  return { ...reference, holder, datasetId, modelId, snapshotSha256: sha256 };
}

function ledgerSha256(steps: number): string {
  return extendLedgerHash(undefined, stepsFrom(1, steps));
}

/** Stores and commits a checkpoint as an attempt does. */
export async function addCheckpoint(
  project: Project,
  { holder, experimentId, snapshotSha256 }: StoredExperiment,
  step: number,
  retention = { keepLast: 2, needsSteps: [] as number[] },
  phase: CheckpointManifest['phase'] = 'training',
): Promise<CheckpointManifest> {
  const { repositories } = project.database;
  const frame = projectBlobs(project.store, projectId, repositories.pins.untilEnd(holder));
  const pin = repositories.pins.forUpload(projectId);
  const own = frame.pinnedBy(pin);
  const manifest: CheckpointManifest = {
    formatVersion: 2,
    experimentId,
    step,
    phase,
    profile: { ...profileOf(2) },
    snapshotSha256,
    specSha256: sha256Of('spec'),
    blobs: {
      base: await put(frame, `${experimentId} base`),
      parameters: await put(own, `${experimentId} parameters ${step}`),
      firstMoments: await put(own, `${experimentId} moments ${step}`),
      secondMoments: null,
      vocabulary: null,
      config: await put(frame, `${experimentId} config`),
      tokenizer: await put(frame, `${experimentId} tokenizer`),
    },
    unusedWords: { scale: 1, momentum: 0 },
    evaluations: null,
    lora: null,
    ledger: { steps: step, sha256: ledgerSha256(step) },
  };
  const { id, stateSha256 } = await new CheckpointStore(project.store, projectId).publish(manifest, pin);
  const { parameters, firstMoments } = manifest.blobs;
  await repositories.checkpoints.commitCheckpoint(holder, {
    step,
    id,
    stateSha256,
    sizeBytes: parameters.sizeBytes + firstMoments.sizeBytes,
    stored: [id, parameters.sha256, firstMoments.sha256],
    retention,
  });
  return manifest;
}

/** Ends an experiment with a report and a history. */
export async function finish(project: Project, experiment: StoredExperiment): Promise<void> {
  const { repositories } = project.database;
  const { experimentId, holder, snapshotSha256 } = experiment;
  const blobs = projectBlobs(project.store, projectId, repositories.pins.untilEnd(experiment));
  const model = async (precision: string) => ({ model: await put(blobs, `${experimentId} ${precision}`) });
  const report = {
    task: 'classification',
    accuracy: 1,
    snapshotSha256,
    predictions: await put(blobs, `${experimentId} predictions`),
    inference: { float32: await model('float32'), int8: await model('int8') },
  };
  const { sha256: reportSha256 } = await put(blobs, canonicalJson(report));
  await repositories.results.setEvaluation(holder, { metrics: { accuracy: 1 }, reportSha256 });
  for (const [index, state] of (['evaluating', 'succeeded'] as const).entries())
    await repositories.transitions.recordTransition({
      ...experiment,
      sequence: 2 + index,
      state,
      error: null,
    });
  const history = await put(uploads(project), `${experimentId} history`);
  await repositories.results.setHistory(experiment, history.sha256);
}

/** The id of a manifest as it lies in the store. */
export const idOf = (manifest: CheckpointManifest): string => sha256Of(encodeCheckpointManifest(manifest));
