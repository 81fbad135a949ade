// A fork whose making a collection falls into: it has all that it refers to, or it is not made.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { forkExperiment } from '../../src/http/experiment/fork-experiment.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { useDatabase } from '../database/fixture.ts';
import { openDirectory, type TestStore } from '../storage/stores.ts';
import { addCheckpoint, addExperiment, collectAll, projectId, type Project } from './fixture.ts';

const database = useDatabase();
let opened: TestStore;
let project: Project;
beforeEach(async () => {
  opened = await openDirectory();
  project = { database, store: opened.store };
});
afterEach(async () => {
  vi.restoreAllMocks();
  await opened.close();
  // Each test has its own store.
  await database.database.run(
    (queries) => queries.$executeRaw`TRUNCATE experiment, dataset, model, blob_pin CASCADE`,
  );
});

/** Forks an experiment after its tenth step; `meanwhile` happens when all is stored and its row is not there. */
async function fork(meanwhile: () => Promise<unknown>): Promise<string> {
  const parent = await addExperiment(project, 'parent');
  await addCheckpoint(project, parent, 10);
  const { experiments } = database.repositories;
  const create = experiments.create.bind(experiments);
  vi.spyOn(experiments, 'create').mockImplementationOnce(async (experiment) => {
    await meanwhile();
    return create(experiment);
  });
  const checkpoints = new CheckpointStore(opened.store, projectId);
  const { experimentId } = await forkExperiment(
    { repositories: database.repositories, checkpoints },
    parent.experimentId,
    { step: 10, training: { epochs: 100 } },
    undefined,
  );
  return experimentId;
}

it('has its checkpoint and all that this refers to, though a collection came before its row', async () => {
  const experimentId = await fork(() => collectAll(project));
  const { checkpoints } = database.repositories;
  const [row] = await checkpoints.listCheckpoints({ projectId, experimentId }, { limit: 10 });
  const manifest = await new CheckpointStore(opened.store, projectId).read(experimentId, 10, row?.id ?? '');
  const blobs = projectBlobs(opened.store, projectId);
  for (const blob of Object.values(manifest.blobs)) if (blob) await blobs.bytes(blob);
});

it('is refused, and may be asked for again, when its pins ran out before its row was there', async () => {
  const { experiments } = database.repositories;
  const expireAndCollect = async (): Promise<void> => {
    await database.database.run(
      (queries) =>
        queries.$executeRaw`UPDATE blob_pin SET expires_at = now() - interval '1 s' WHERE expires_at IS NOT NULL`,
    );
    await collectAll(project);
  };
  await expect(fork(expireAndCollect)).rejects.toMatchObject({ code: 'storage_unavailable' });
  const { items } = await experiments.list(projectId, {}, { limit: 10, sort: 'createdAt' });
  expect(items.map(({ name }) => name)).toEqual(['parent']);
});
