// What is collected and what is not: a whole experiment, what it removed, what it shares with others.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectionSession } from '../../src/database/collection-session.ts';
import { isUnavailable } from '../../src/database/unavailable.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { storageFault } from '../../src/storage/object-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { useDatabase } from '../database/fixture.ts';
import { openDirectory, type TestStore } from '../storage/stores.ts';
import {
  addCheckpoint,
  addDataset,
  addExperiment,
  collectAll,
  finish,
  keysOf,
  projectId,
  type Project,
} from './fixture.ts';

const database = useDatabase();
let opened: TestStore;
let project: Project;
beforeEach(async () => {
  opened = await openDirectory();
  project = { database, store: opened.store };
});
afterEach(async () => {
  await opened.close();
  // Each test has its own store.
  await database.database.run(
    (queries) => queries.$executeRaw`TRUNCATE experiment, dataset, model, blob_pin CASCADE`,
  );
});

const expirePins = () =>
  database.database.run(
    (queries) =>
      queries.$executeRaw`UPDATE blob_pin SET expires_at = now() - interval '1 s' WHERE expires_at IS NOT NULL`,
  );

describe('a collection', () => {
  it('takes nothing of an experiment under way and of one that has ended', async () => {
    const running = await addExperiment(project, 'running');
    await addCheckpoint(project, running, 10);
    const ended = await addExperiment(project, 'ended');
    await addCheckpoint(project, ended, 10);
    await finish(project, ended);
    const before = await keysOf(opened.store);
    await expirePins();
    expect(await collectAll(project)).toEqual({ blobs: 0, manifests: 0, sizeBytes: 0, unfinished: 0 });
    expect(await keysOf(opened.store)).toEqual(before);
  });

  it('takes the checkpoints that retention removed, and what they alone referred to', async () => {
    const experiment = await addExperiment(project, 'trained');
    const removed = await addCheckpoint(project, experiment, 10);
    for (const step of [20, 30]) await addCheckpoint(project, experiment, step);
    const { checkpoints } = database.repositories;
    const rows = await checkpoints.listCheckpoints(experiment, { limit: 10 });
    expect(rows.map(({ step }) => step)).toEqual([30, 20]);
    await expirePins();
    const dry = await collectAll(project, { isDryRun: true });
    expect(dry).toMatchObject({ blobs: 2, manifests: 1 });
    expect(await collectAll(project)).toEqual(dry);
    const blobs = projectBlobs(opened.store, projectId);
    for (const blob of [removed.blobs.parameters, removed.blobs.firstMoments])
      await expect(blobs.get(blob)).rejects.toMatchObject({ code: 'blob_missing' });
    await blobs.bytes(removed.blobs.base);
  });

  it('that is told to stop ends before the next object, and the next one takes what it has left', async () => {
    const experiment = await addExperiment(project, 'trained');
    for (const step of [10, 20, 30, 40]) await addCheckpoint(project, experiment, step);
    await expirePins();
    const dry = await collectAll(project, { isDryRun: true });
    expect(dry).toMatchObject({ blobs: 4, manifests: 2 });
    const stopping = new AbortController();
    class Stopped extends DirectoryStore {
      removed = 0;

      override async delete(key: string): Promise<void> {
        await super.delete(key);
        this.removed += 1;
        // The second blob, after both manifests.
        if (this.removed === 4) stopping.abort(new Error('told to stop'));
      }
    }
    const store = new Stopped(opened.folder);
    const collecting = collectAll({ database, store }, { stopping: stopping.signal });
    await expect(collecting).rejects.toThrow('told to stop');
    expect(store.removed).toBe(4);
    expect(await collectAll(project)).toMatchObject({ blobs: 2, manifests: 0 });
  });

  it('that is told to stop while it looks for what is needed reads no further, and removes nothing', async () => {
    const experiment = await addExperiment(project, 'trained');
    for (const step of [10, 20, 30, 40]) await addCheckpoint(project, experiment, step);
    await expirePins();
    const before = await keysOf(opened.store);
    const stopping = new AbortController();
    class Stopped extends DirectoryStore {
      reads = 0;

      override get(...parameters: Parameters<DirectoryStore['get']>): ReturnType<DirectoryStore['get']> {
        this.reads += 1;
        stopping.abort(new Error('told to stop'));
        return super.get(...parameters);
      }
    }
    const store = new Stopped(opened.folder);
    const collecting = collectAll({ database, store }, { stopping: stopping.signal });
    await expect(collecting).rejects.toThrow('told to stop');
    expect(store.reads).toBe(1);
    expect(await keysOf(opened.store)).toEqual(before);
  });

  it('takes all that only a deleted experiment used, and leaves what its dataset and model have', async () => {
    const kept = await addExperiment(project, 'kept');
    await addCheckpoint(project, kept, 10);
    const before = new Set(await keysOf(opened.store));
    const deleted = await addExperiment(project, 'deleted');
    await addCheckpoint(project, deleted, 10);
    await finish(project, deleted);
    await database.repositories.experiments.delete(deleted);
    await database.repositories.datasets.delete(projectId, deleted.datasetId);
    await database.repositories.models.delete(projectId, deleted.modelId);
    await expirePins();
    await collectAll(project);
    expect(new Set(await keysOf(opened.store))).toEqual(before);
  });

  it('leaves an ended experiment its own when dataset and model are deleted', async () => {
    const experiment = await addExperiment(project, 'ended');
    await addCheckpoint(project, experiment, 10);
    await finish(project, experiment);
    const before = await keysOf(opened.store);
    await database.repositories.datasets.delete(projectId, experiment.datasetId);
    await database.repositories.models.delete(projectId, experiment.modelId);
    await expirePins();
    // A file of the dataset; configuration, tokenizer and weights of the model.
    expect(await collectAll(project)).toMatchObject({ blobs: 4, manifests: 0 });
    expect(await keysOf(opened.store)).toHaveLength(before.length - 4);
  });

  it('leaves what is younger than the grace time, and what is pinned', async () => {
    const blobs = projectBlobs(opened.store, projectId, database.repositories.pins.forUpload(projectId));
    const { sha256 } = await blobs.putBytes(Buffer.from('about to be referred to'));
    expect(await collectAll(project)).toMatchObject({ blobs: 0 });
    await expirePins();
    expect(await collectAll(project, { graceSeconds: 60 })).toMatchObject({ blobs: 0 });
    expect(await collectAll(project)).toMatchObject({ blobs: 1 });
    await expect(blobs.get(sha256)).rejects.toMatchObject({ code: 'blob_missing' });
  });

  it('takes nothing while a document cannot be read that says what is needed', async () => {
    const experiment = await addExperiment(project, 'broken');
    const orphan = await addDataset(project, 'orphan');
    await database.repositories.datasets.delete(projectId, orphan);
    await expirePins();
    const digits = experiment.snapshotSha256.slice('sha256:'.length);
    writeFileSync(
      join(opened.folder, `projects/${projectId}/blobs/sha256/${digits.slice(0, 2)}/${digits}`),
      '{}',
    );
    const before = await keysOf(opened.store);
    await expect(collectAll(project)).rejects.toMatchObject({ code: 'blob_corrupt' });
    expect(await keysOf(opened.store)).toEqual(before);
  });

  it('refuses a row whose blobs are not pinned any more, so that they are stored again', async () => {
    const blobs = projectBlobs(opened.store, projectId, database.repositories.pins.forUpload(projectId));
    const blob = await blobs.putBytes(Buffer.from('stored long ago'));
    await expirePins();
    await collectAll(project);
    const split = { format: 'csv' as const, rows: 1, columns: [], sample: [], blob };
    const late = database.repositories.datasets.createOrGet({
      projectId,
      id: 'ds_late',
      sha256: blob.sha256,
      sizeBytes: 1,
      splits: { train: split },
    });
    await expect(late).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('removes what writes that died a day ago have left', async () => {
    const folder = join(opened.folder, '.unpublished');
    mkdirSync(folder, { recursive: true });
    const dayAgo = new Date(Date.now() - 25 * 3_600_000);
    for (const [name, time] of [
      ['old', dayAgo],
      ['new', new Date()],
    ] as const) {
      writeFileSync(join(folder, name), 'half');
      utimesSync(join(folder, name), time, time);
    }
    expect(await collectAll(project)).toMatchObject({ unfinished: 1 });
  });

  it('is the only one of its project', async () => {
    const first = await CollectionSession.begin(database.url, projectId);
    expect(first).toBeDefined();
    expect(await CollectionSession.begin(database.url, projectId)).toBeUndefined();
    await first?.close();
    await expect(collectAll(project)).resolves.toMatchObject({ blobs: 0 });
  });

  it('stops removing when there is no time left, and goes on under new locks', async () => {
    let now = 0;
    const session = await CollectionSession.begin(database.url, projectId, () => now);
    const removed: string[] = [];
    const remove = (sha256: string) => {
      removed.push(sha256);
      now += 15_000;
      return Promise.resolve();
    };
    expect(await session?.removeUnpinned(['a', 'b', 'c'], remove)).toEqual({
      removed: ['a', 'b'],
      rest: ['c'],
    });
    await session?.close();
  });

  it('tells a store that is away from a database that is', async () => {
    const session = await CollectionSession.begin(database.url, projectId);
    const fault = storageFault(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    await expect(session?.removeUnpinned(['a'], () => Promise.reject(fault))).rejects.toBe(fault);
    expect(fault.code).toBe('storage_unavailable');
    expect(isUnavailable(new Error('wrapped', { cause: fault }))).toBe(false);
    await session?.close();
  });
});
