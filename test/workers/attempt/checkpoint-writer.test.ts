// Keeping a state: what was committed stays readable, whoever else writes the same step and however far they come.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointRepository } from '../../../src/database/checkpoint-repository.ts';
import { CodedError } from '../../../src/error.ts';
import { profileOf } from '../../database/fixture.ts';
import type { NumericProfile } from '../../../src/experiment/profile.ts';
import { sha256Of } from '../../../src/storage/blob-store.ts';
import { CheckpointStore } from '../../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../../src/storage/project-blobs.ts';
import type { TrainingState } from '../../../src/training/job.ts';
import { CheckpointWriter } from '../../../workers/attempt/checkpoint-writer.ts';
import { openDirectory, type TestStore } from '../../storage/stores.ts';
import { manifestFrame } from '../preparation/manifest-frame.ts';

const ledger = { steps: 4, sha256: sha256Of('ledger') };
const onCpu = profileOf(2);
const onGpu: NumericProfile = { ...profileOf(2), provider: 'cuda' };

function stateOf(value: number): TrainingState {
  const tensors = [{ name: 'classifier.bias', shape: [3], data: new Float32Array(3).fill(value) }];
  return {
    step: 4,
    parameters: tensors,
    firstMoments: tensors,
    secondMoments: tensors,
    unusedWords: { scale: 1, momentum: 0 },
    evaluations: null,
  };
}

let opened: TestStore;
let manifests: CheckpointStore;
let committed: string[];
let pinned: string[];
const retention = {
  settings: { checkpoint: { keepLast: 2, keepBest: true }, earlyStopping: null },
  firstStep: 3,
};
beforeAll(async () => {
  opened = await openDirectory();
  manifests = new CheckpointStore(opened.store, 'default');
});
beforeEach(() => {
  committed = [];
  pinned = [];
});
afterAll(() => opened.close());

function writer(
  experimentId: string,
  profile: NumericProfile,
  {
    commit = () => Promise.resolve(),
    onProgress = () => undefined,
  }: {
    commit?: (checkpoint: Parameters<CheckpointRepository['commitCheckpoint']>[1]) => Promise<void>;
    onProgress?: () => void;
  } = {},
): CheckpointWriter {
  return new CheckpointWriter({
    blobs: projectBlobs(opened.store, 'default'),
    manifests,
    rows: {
      async commitCheckpoint(_holder, checkpoint) {
        await commit(checkpoint);
        committed.push(checkpoint.id);
      },
    },
    holder: { projectId: 'default', experimentId, lease: 1, token: '' },
    frame: manifestFrame(experimentId, profile),
    retention,
    pin: (sha256s) => {
      pinned.push(...sha256s);
      return Promise.resolve();
    },
    patience: {
      heartbeat: () => undefined,
      pause: () => Promise.resolve(),
      stopping: new AbortController().signal,
      mostSeconds: 60,
    },
    onProgress,
  });
}

describe('a checkpoint', () => {
  it('is published before its row is committed', async () => {
    let published = 0;
    const commit = async (): Promise<void> => {
      for await (const { key } of opened.store.list('checkpoints/default/exp_order/'))
        published += Number(key.includes('000000000004-'));
    };
    const { step, id } = await writer('exp_order', onCpu, { commit }).write(stateOf(1), ledger);
    expect({ step, committed, published }).toEqual({ step: 4, committed: [id], published: 1 });
  });

  it('is pinned, each object of it, before its row is committed with what it needs', async () => {
    let commit: Parameters<CheckpointRepository['commitCheckpoint']>[1] | undefined;
    let pinnedBefore: string[] = [];
    const evaluations = { lastStep: 4, best: { step: 2, value: 1 }, sinceBest: 1 };
    const { id } = await writer('exp_pinned', onCpu, {
      commit: (checkpoint) => {
        commit = checkpoint;
        pinnedBefore = [...pinned];
        return Promise.resolve();
      },
    }).write({ ...stateOf(1), evaluations }, ledger);
    const { parameters, firstMoments } = (await manifests.read('exp_pinned', 4, id)).blobs;
    expect(new Set(commit?.stored)).toEqual(new Set([id, parameters.sha256, firstMoments.sha256]));
    expect(new Set(pinnedBefore)).toEqual(new Set(commit?.stored));
    expect(commit?.retention).toEqual({ keepLast: 2, needsSteps: [2, 3] });
  });

  it('of one profile leaves that of another at the same step readable', async () => {
    const first = await writer('exp_two', onCpu).write(stateOf(1), ledger);
    const second = await writer('exp_two', onGpu).write(stateOf(2), ledger);
    const again = await writer('exp_two', onCpu).write(stateOf(1), ledger);
    expect(again).toEqual(first);
    expect(second.id).not.toBe(first.id);
    expect((await manifests.read('exp_two', 4, first.id)).profile).toEqual(onCpu);
    expect((await manifests.read('exp_two', 4, second.id)).profile).toEqual(onGpu);
  });

  it('whose writer dies before the commit leaves the committed one readable, with its tensors', async () => {
    const first = await writer('exp_crash', onCpu).write(stateOf(1), ledger);
    const dying = writer('exp_crash', onGpu, { commit: () => Promise.reject(new Error('killed')) });
    await expect(dying.write(stateOf(2), ledger)).rejects.toThrow('killed');
    expect(committed).toEqual([first.id]);
    const manifest = await manifests.read('exp_crash', 4, first.id);
    expect(manifest.profile).toEqual(onCpu);
    for (const reference of [manifest.blobs.parameters, manifest.blobs.firstMoments])
      expect(await projectBlobs(opened.store, 'default').bytes(reference)).toHaveLength(reference.sizeBytes);
  });

  it('is committed after an outage of the database', async () => {
    let failures = 3;
    const commit = (): Promise<void> =>
      failures-- > 0
        ? Promise.reject(new CodedError('database_unavailable', 'The database does not answer.'))
        : Promise.resolve();
    const { id } = await writer('exp_outage', onCpu, { commit }).write(stateOf(3), ledger);
    expect(committed).toEqual([id]);
  });

  it('tells of its progress while its tensors are stored', async () => {
    let calls = 0;
    await writer('exp_progress', onCpu, { onProgress: () => (calls += 1) }).write(stateOf(9), ledger);
    expect(calls).toBeGreaterThanOrEqual(3);
  });
});
