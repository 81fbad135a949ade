// The download of a checkpoint's model: the checkpoint that its row names, and checked when it is read as a whole.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportModel } from '../../src/http/experiment/export-model.ts';
import { readModelArchive } from '../../src/model/model-archive.ts';
import { encodeSafetensors } from '../../src/model/safetensors.ts';
import { profileOf } from '../database/fixture.ts';
import { sha256Of, type BlobStore } from '../../src/storage/blob-store.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { openDirectory, type TestStore } from '../storage/stores.ts';

let opened: TestStore;
let blobs: BlobStore;
let checkpoints: CheckpointStore;
beforeAll(async () => {
  opened = await openDirectory();
  blobs = projectBlobs(opened.store, 'default', () => Promise.resolve());
  checkpoints = new CheckpointStore(opened.store, 'default');
});
afterAll(() => opened.close());

async function publish(value: number): Promise<{ id: string; parameters: BlobRef }> {
  const weights = encodeSafetensors([{ name: 'w', shape: [500], data: new Float32Array(500).fill(value) }]);
  const parameters = await blobs.putBytes(weights);
  const config = await blobs.putBytes(Buffer.from('{}'));
  const { id } = await checkpoints.publish({
    formatVersion: 2,
    experimentId: 'exp_1',
    step: 3,
    phase: 'training',
    profile: profileOf(1),
    snapshotSha256: sha256Of('snapshot'),
    specSha256: sha256Of('spec'),
    blobs: {
      base: parameters,
      parameters,
      firstMoments: parameters,
      secondMoments: null,
      vocabulary: null,
      config,
      tokenizer: config,
    },
    unusedWords: { scale: 1, momentum: 0 },
    evaluations: null,
    lora: null,
    ledger: { steps: 3, sha256: sha256Of('ledger') },
  });
  return { id, parameters };
}

const open = (id: string) => exportModel({ checkpoints, blobs }, { experimentId: 'exp_1', step: 3, id });

describe('the download of a model', () => {
  it('is that of the checkpoint named, whichever others its step has', async () => {
    for (const value of [1, 2]) {
      const { id } = await publish(value);
      const { tensors } = await readModelArchive((await open(id)).open());
      expect(tensors[0]?.data[0]).toBe(value);
    }
    await expect(open(sha256Of('none'))).rejects.toMatchObject({ code: 'blob_missing' });
  });

  it('as a whole breaks off over weights that are not what they were', async () => {
    const { id, parameters } = await publish(7);
    const digits = parameters.sha256.slice('sha256:'.length);
    const path = join(opened.folder, 'projects/default/blobs/sha256', digits.slice(0, 2), digits);
    const archive = await open(id);
    const whole = await buffer(archive.open());
    expect((await buffer(archive.open({ start: 100, end: 3000 }))).equals(whole.subarray(100, 3001))).toBe(
      true,
    );
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = 1;
    writeFileSync(path, bytes);
    await expect(buffer(archive.open())).rejects.toMatchObject({ code: 'blob_corrupt' });
  });
});
