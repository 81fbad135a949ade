// Going on after an object of a checkpoint broke: from the checkpoint before, to the same end, with the object mended.
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobRef } from '../../../src/experiment/blob.ts';
import { sha256Of } from '../../../src/storage/blob-store.ts';
import { CheckpointStore } from '../../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../../src/storage/project-blobs.ts';
import type { TrainingState } from '../../../src/training/job.ts';
import { startTraining } from '../../../src/training/trainer.ts';
import { CheckpointWriter } from '../../../workers/attempt/checkpoint-writer.ts';
import { manifestFrame } from './manifest-frame.ts';
import {
  lastIntactCheckpoint,
  type RestoredCheckpoint,
} from '../../../workers/preparation/last-intact-checkpoint.ts';
import { openDirectory, type TestStore } from '../../storage/stores.ts';
import { hashState, tinyJob } from '../../training/tiny-task.ts';

const reference = { projectId: 'default', experimentId: 'exp_1' };
const everySteps = 10;

let opened: TestStore;
let rows: Map<number, string>;

/** What one attempt has of its own: stores and readers that know nothing of another attempt's. */
function newAttempt() {
  const blobs = projectBlobs(opened.store, 'default');
  const manifests = new CheckpointStore(opened.store, 'default');
  const writer = new CheckpointWriter({
    blobs,
    manifests,
    rows: {
      commitCheckpoint(_holder, { step, id }) {
        rows.set(step, id);
        return Promise.resolve();
      },
    },
    holder: { ...reference, lease: 1, token: '' },
    frame: manifestFrame(reference.experimentId),
    retention: {
      settings: { checkpoint: { keepLast: 3, keepBest: true }, earlyStopping: null },
      firstStep: 0,
    },
    pin: () => Promise.resolve(),
    patience: {
      heartbeat: () => undefined,
      pause: () => Promise.resolve(),
      stopping: new AbortController().signal,
    },
    onProgress: () => undefined,
  });
  const listCheckpoints = (
    _reference: unknown,
    { limit, beforeStep = Infinity }: { limit: number; beforeStep?: number },
  ) =>
    Promise.resolve(
      [...rows]
        .filter(([step]) => step < beforeStep)
        .sort(([left], [right]) => right - left)
        .slice(0, limit)
        .map(([step, id]) => ({ step, id, sizeBytes: 0, createdAt: new Date() })),
    );
  return {
    restore: (): Promise<RestoredCheckpoint | undefined> =>
      lastIntactCheckpoint(
        { rows: { listCheckpoints }, manifests, blobs, log: pino({ level: 'silent' }) },
        reference,
        () => undefined,
      ),
    async train(start?: TrainingState): Promise<string> {
      let last = '';
      const job = tinyJob({ ...(start && { start }), checkpoint: { everySteps, everySeconds: 1000 } });
      for await (const event of startTraining(job).events) {
        if (event.kind !== 'checkpoint') continue;
        await writer.write(event.state, { steps: event.state.step, sha256: sha256Of(`${event.state.step}`) });
        last = hashState(event.state);
      }
      return last;
    },
  };
}

const blobPath = ({ sha256 }: BlobRef): string => {
  const digits = sha256.replace('sha256:', '');
  return join(opened.folder, 'projects/default/blobs/sha256', digits.slice(0, 2), digits);
};
const manifestPath = (step: number): string => {
  const digits = (rows.get(step) ?? '').replace('sha256:', '');
  return join(opened.folder, 'checkpoints/default/exp_1', `${String(step).padStart(12, '0')}-${digits}.json`);
};

/** @param place counted from the end when it is negative. */
function flipByte(path: string, place: number): void {
  const bytes = readFileSync(path);
  const index = place < 0 ? bytes.length + place : place;
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
  writeFileSync(path, bytes);
}

beforeEach(async () => {
  opened = await openDirectory();
  rows = new Map();
});
afterEach(() => opened.close());

describe('the next attempt', () => {
  const damages: [string, (latest: RestoredCheckpoint) => void | Promise<void>][] = [
    ['a bad byte in a tensor', ({ manifest }) => flipByte(blobPath(manifest.blobs.parameters), -1)],
    ['a bad byte in a header', ({ manifest }) => flipByte(blobPath(manifest.blobs.firstMoments), 8)],
    [
      'bad bytes in two blobs',
      ({ manifest: { blobs } }) => {
        flipByte(blobPath(blobs.parameters), -1);
        flipByte(blobPath(blobs.firstMoments), -1);
      },
    ],
    ['a bad byte in the manifest', ({ manifest }) => flipByte(manifestPath(manifest.step), 40)],
    ['a lost blob', ({ manifest }) => rm(blobPath(manifest.blobs.firstMoments))],
    ['a lost manifest', ({ manifest }) => rm(manifestPath(manifest.step))],
  ];

  it.each(damages)(
    'after %s goes on from the checkpoint before, to the same end, and mends it',
    async (_name, damage) => {
      const first = newAttempt();
      const end = await first.train();
      expect([...rows.keys()]).toEqual([10, 20, 24]);
      const latest = await first.restore();
      if (latest === undefined) throw new Error('there is no checkpoint');
      expect(latest.manifest.step).toBe(24);
      await damage(latest);
      const second = newAttempt();
      const resumed = await second.restore();
      expect(resumed?.manifest.step).toBe(20);
      expect(await second.train(resumed?.state)).toBe(end);
      const mended = await newAttempt().restore();
      expect(mended?.manifest).toEqual(latest.manifest);
      expect(mended && hashState(mended.state)).toBe(hashState(latest.state));
    },
  );

  it('starts anew when there was no checkpoint, and fails when there is none that is intact', async () => {
    expect(await newAttempt().restore()).toBeUndefined();
    await newAttempt().train();
    for (const step of rows.keys()) flipByte(manifestPath(step), 40);
    await expect(newAttempt().restore()).rejects.toMatchObject({ code: 'blob_corrupt' });
  });
});
