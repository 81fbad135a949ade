// The check names each thing that is wrong: a flipped bit, an object or a row that is gone, a stray object.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { LedgerRepository } from '../../src/database/ledger-repository.ts';
import { checkProject } from '../../src/retention/check-project.ts';
import { sha256Of } from '../../src/storage/blob-store.ts';
import type { CheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { useDatabase } from '../database/fixture.ts';
import { openDirectory, type TestStore } from '../storage/stores.ts';
import {
  addCheckpoint,
  addDataset,
  addExperiment,
  finish,
  idOf,
  projectId,
  storesOf,
  type StoredExperiment,
} from './fixture.ts';

const database = useDatabase();
const stores: TestStore[] = [];
let opened: TestStore;
let running: StoredExperiment;
let ended: StoredExperiment;
let checkpoint: CheckpointManifest;

beforeEach(async () => {
  await database.database.run(
    (queries) => queries.$executeRaw`TRUNCATE experiment, dataset, model, blob_pin CASCADE`,
  );
  opened = await openDirectory();
  stores.push(opened);
  const project = { database, store: opened.store };
  running = await addExperiment(project, 'running');
  checkpoint = await addCheckpoint(project, running, 10);
  await addCheckpoint(project, running, 20, { keepLast: 2, needsSteps: [10] });
  ended = await addExperiment(project, 'ended');
  await addCheckpoint(project, ended, 50);
  await finish(project, ended);
  // Those that nobody else holds; the fixture's own sources have no content.
  await database.database.run((queries) => queries.$executeRaw`DELETE FROM blob_pin`);
});
afterAll(async () => {
  for (const store of stores) await store.close();
});

/** As `kind: where: what`. */
async function findings(
  ledger: Pick<LedgerRepository, 'ledger'> = database.repositories.ledger,
): Promise<string[]> {
  const { repositories } = database;
  const found: string[] = [];
  const { store } = opened;
  const parts = {
    ...storesOf({ database, store }),
    store,
    pins: repositories.pins,
    ledger,
  };
  for await (const { kind, where, what } of checkProject(parts)) found.push(`${kind}: ${where}: ${what}`);
  return found;
}

const pathOf = (sha256: string): string => {
  const digits = sha256.slice('sha256:'.length);
  return join(opened.folder, `projects/${projectId}/blobs/sha256/${digits.slice(0, 2)}/${digits}`);
};
const manifestPath = (experimentId: string, step: number, id: string): string =>
  join(
    opened.folder,
    `checkpoints/${projectId}/${experimentId}/${String(step).padStart(12, '0')}-${id.slice('sha256:'.length)}.json`,
  );
const flipBit = (path: string): void => {
  const bytes = readFileSync(path);
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  writeFileSync(path, bytes);
};
const atCheckpoint = () => `experiment ${running.experimentId}, checkpoint of step 10`;

describe('the check of a project', () => {
  it('finds nothing where nothing is wrong', async () => {
    expect(await findings()).toEqual([]);
  });

  it('names one bit that was flipped, in a blob and in a manifest', async () => {
    const { sha256 } = checkpoint.blobs.parameters;
    flipBit(pathOf(sha256));
    expect(await findings()).toEqual([`corrupt: ${atCheckpoint()}: blobs.parameters: the blob ${sha256}`]);
    flipBit(pathOf(sha256));
    flipBit(manifestPath(running.experimentId, 10, idOf(checkpoint)));
    const [first = '', ...others] = await findings();
    expect(first).toContain(`corrupt: ${atCheckpoint()}: the manifest ${idOf(checkpoint)}`);
    // Without the manifest nobody knows that they are needed.
    expect(others.every((line) => line.startsWith('orphaned: '))).toBe(true);
  });

  it('names an object that is gone: of a dataset, a model, a snapshot, a report, a checkpoint', async () => {
    const gone = {
      dataset: sha256Of('running dataset'),
      model: sha256Of('running model weights'),
      snapshot: sha256Of('running train rows'),
      report: sha256Of(`${ended.experimentId} int8`),
      history: sha256Of(`${ended.experimentId} history`),
    };
    for (const sha256 of Object.values(gone)) rmSync(pathOf(sha256));
    rmSync(manifestPath(running.experimentId, 10, idOf(checkpoint)));
    const found = await findings();
    const [at, end] = [`experiment ${running.experimentId}`, `experiment ${ended.experimentId}`];
    for (const line of [
      `missing: dataset ${running.datasetId}: splits.train: the blob ${gone.dataset}`,
      `missing: model ${running.modelId}: weights: the blob ${gone.model}`,
      `missing: ${at}: snapshot.splits.train.rowsBlob: the blob ${gone.snapshot}`,
      `missing: ${end}: report.inference.int8.model: the blob ${gone.report}`,
      `missing: ${end}: history: the blob ${gone.history}`,
    ])
      expect(found).toContain(line);
    expect(found.some((line) => line.startsWith(`missing: ${atCheckpoint()}: the manifest`))).toBe(true);
  });

  it('names what a row that is gone leaves behind, and who misses it', async () => {
    await database.database.run(async (queries) => {
      await queries.checkpoint.deleteMany({ where: { experimentId: running.experimentId, step: 10 } });
      await queries.dataset.deleteMany({ where: { id: running.datasetId } });
    });
    const at = `experiment ${running.experimentId}`;
    const found = await findings();
    expect(found.filter((line) => line.startsWith('dangling: '))).toEqual([
      `dangling: ${at}: its dataset ${running.datasetId} is not there`,
      `dangling: ${at}, checkpoint of step 20: the checkpoint of step 10, which it needs, is not there`,
    ]);
    // The dataset's file; the manifest, its parameters and moments.
    expect(found.filter((line) => line.startsWith('orphaned: '))).toHaveLength(4);
  });

  it('names a ledger with a gap, or with other steps than its checkpoints know', async () => {
    const { experimentId } = running;
    const { ledger } = database.repositories;
    const broken: Pick<LedgerRepository, 'ledger'> = {
      async ledger(reference, range) {
        const entries = await ledger.ledger(reference, range);
        return reference.experimentId === experimentId
          ? entries.map((entry) =>
              entry.step === 15 ? { ...entry, lossBits: (entry.lossBits ^ 1) >>> 0 } : entry,
            )
          : entries.filter(({ step }) => step !== 7);
      },
    };
    expect((await findings(broken)).sort()).toEqual([
      `differs: experiment ${experimentId}: the checkpoint of step 20 has another hash of the ledger than the steps give`,
      `gap: experiment ${ended.experimentId}: steps 7 to 7 are not in the ledger`,
    ]);
  });

  it('names a row that says something else than its manifest', async () => {
    await database.database.run(
      (queries) => queries.$executeRaw`
        UPDATE checkpoint SET size_bytes = 1, state_sha256 = 'sha256:0' WHERE experiment_id = ${running.experimentId} AND step = 10`,
    );
    expect(await findings()).toEqual([
      expect.stringContaining(`differs: ${atCheckpoint()}: its row says 1 bytes`),
      `differs: ${atCheckpoint()}: its row has another hash of its state than its manifest`,
    ]);
  });

  it('names a metric of a row that is not that of its report', async () => {
    await database.database.run(
      (queries) => queries.$executeRaw`
        UPDATE experiment SET evaluation = '{"metrics":{"accuracy":0.5}}' WHERE id = ${ended.experimentId}`,
    );
    expect(await findings()).toEqual([
      `differs: experiment ${ended.experimentId}: its row has another accuracy than its report`,
    ]);
  });

  it('names objects that nothing refers to, and those that are none of its own', async () => {
    const project = { database, store: opened.store };
    await database.repositories.datasets.delete(projectId, await addDataset(project, 'orphan'));
    await opened.store.put('stray', Buffer.from('x'));
    expect(await findings()).toEqual(['orphaned: stray: this service stores nothing under such a key']);
    await database.database.run((queries) => queries.$executeRaw`DELETE FROM blob_pin`);
    const orphan = pathOf(sha256Of('orphan')).slice(opened.folder.length + 1);
    expect(await findings()).toContain(`orphaned: ${orphan}: nothing refers to it`);
  });

  it('is a command whose status says what came of it', () => {
    const run = (environment: Record<string, string>, ...flags: string[]) => {
      const variables = {
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: '127.0.0.1:1',
        STORAGE_URL: `file://${opened.folder}`,
        ...environment,
      };
      const command = ['dist/workers/commands/fsck.js', ...flags];
      return spawnSync(process.execPath, command, {
        encoding: 'utf8',
        env: { ...process.env, ...variables },
      });
    };
    const clean = run({});
    expect([clean.status, clean.stdout]).toEqual([0, expect.stringContaining('0 faults, 0 orphans')]);
    writeFileSync(join(opened.folder, 'stray'), 'x');
    expect(run({}).status).toBe(0);
    expect(run({}, '--strict').status).toBe(1);
    flipBit(pathOf(checkpoint.blobs.base.sha256));
    const broken = run({}, '--json');
    expect(broken.status).toBe(1);
    expect(JSON.parse(broken.stdout.split('\n')[0] ?? '')).toMatchObject({ kind: 'corrupt' });
    expect(run({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }).status).toBe(2);
  });
});
