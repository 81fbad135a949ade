// Which checkpoints the bundle of a proof holds.
import { extract } from 'tar-stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { proofBundle } from '../../src/http/experiment/proof-bundle.ts';
import { proofOf } from '../../src/http/experiment/proof.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import type { TarArchive } from '../../src/model/tar-archive.ts';
import { noTimes, progressAt, stepsFrom, useDatabase } from '../database/fixture.ts';
import { addCheckpoint, addExperiment, projectId } from '../retention/fixture.ts';
import { openDirectory, type TestStore } from '../storage/stores.ts';

const database = useDatabase();
let opened: TestStore;
beforeAll(async () => {
  opened = await openDirectory();
});
afterAll(() => opened.close());

async function checkpointsIn(bundle: TarArchive): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of bundle.open().pipe(extract())) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names.filter((name) => name.startsWith('checkpoints/'));
}

it('holds the last checkpoint of the pretraining, however many the training has kept since', async () => {
  const project = { database, store: opened.store };
  const { repositories } = database;
  const experiment = await addExperiment(project, 'pretrained');
  await repositories.ledger.recordSteps(experiment.holder, {
    steps: stepsFrom(51, 200),
    progress: progressAt(250),
    times: noTimes,
  });
  const keepAll = { keepLast: 1000, needsSteps: [] };
  for (const step of [9, 10]) await addCheckpoint(project, experiment, step, keepAll, 'pretraining');
  const last = 10 + 205;
  for (let step = 11; step <= last; step += 1) await addCheckpoint(project, experiment, step, keepAll);
  const found = await repositories.experiments.require(experiment);
  const dependencies = {
    repositories,
    blobs: projectBlobs(opened.store, projectId),
    checkpoints: new CheckpointStore(opened.store, projectId),
  };
  const proven = await proofOf(dependencies, found);
  const bundled = (pretraining: { epochs: number } | null) => {
    const { training } = found.spec;
    const record = { ...found, spec: { ...found.spec, training: { ...training, pretraining } } };
    return proofBundle(dependencies, record, proven).then(checkpointsIn);
  };
  const ofTraining = [last - 1, last].map((step) => `checkpoints/${step}.json`);
  expect(await bundled({ epochs: 1 })).toEqual(['checkpoints/10.json', ...ofTraining]);
  // Without a pretraining none is looked for.
  expect(await bundled(null)).toEqual(ofTraining);
}, 120_000);
