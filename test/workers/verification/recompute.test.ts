// The thread of a verification, on the proof that a released version has left: however it ends, nothing of it runs on.
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BlobStore } from '../../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../../src/storage/directory-store.ts';
import type { TrainingJob } from '../../../src/training/job.ts';
import { startTraining } from '../../../src/training/trainer.ts';
import { readBundle, type Bundle } from '../../../workers/verification/read-bundle.ts';
import { verify } from '../../../workers/verification/verify.ts';

const proof = resolve(import.meta.dirname, '../../checkpoints/0.2.0/proof.tar');
const engine = { provider: 'cpu', place: { deviceNumber: 0, graphCacheDirectory: null } } as const;

let directory: string;
let bundle: Bundle;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'recompute-'));
  const blobs = new BlobStore(new DirectoryStore(join(directory, 'objects')), '', () => Promise.resolve());
  bundle = await readBundle(createReadStream(proof), blobs);
});
afterAll(() => rm(directory, { recursive: true }));

/** Verifies the whole proof, and counts threads. `onEvent` is called with each sign of a thread that runs. */
async function verifyWith(onEvent: () => void, evidence = bundle.evidence) {
  const threads = { started: 0, ended: 0 };
  const start = (job: TrainingJob) => {
    threads.started += 1;
    const run = startTraining(job);
    return {
      ...run,
      abandon: async () => {
        await run.abandon();
        threads.ended += 1;
      },
    };
  };
  const verdict = await verify(
    () => Promise.resolve(evidence),
    { fromStep: 1, toStep: bundle.lastStep },
    directory,
    pino({ level: 'silent' }),
    { ...engine, start, onProgress: () => threads.started > 0 && onEvent() },
  ).catch((error: unknown) => error);
  return { verdict, threads };
}

it('waits for the end of each thread, and for that of one that it leaves early', async () => {
  const whole = await verifyWith(() => undefined);
  // Of a machine with another numeric profile, it is left at the first step.
  expect(whole.verdict).toMatchObject({ state: expect.stringMatching(/agrees|undecided/) as unknown });
  expect(whole.threads.started).toBeGreaterThan(0);
  expect(whole.threads.ended).toBe(whole.threads.started);

  const stopped = new Error('the worker stops');
  const left = await verifyWith(() => {
    throw stopped;
  });
  expect(left).toEqual({ verdict: stopped, threads: { started: 1, ended: 1 } });
});

it('is undecided where everything was computed on another profile', async () => {
  const { evidence } = bundle;
  const other = <T extends object>(profile: T): T => ({ ...profile, onnxruntimeVersion: '0.0.1' });
  const { verdict } = await verifyWith(() => undefined, {
    ...evidence,
    segments: evidence.segments.map((each) => ({ ...each, profile: other(each.profile) })),
    checkpoints: evidence.checkpoints.map((each) => ({
      ...each,
      manifest: { ...each.manifest, profile: other(each.manifest.profile) },
    })),
  });
  expect(verdict).toMatchObject({
    state: 'undecided',
    reason: expect.stringContaining('onnxruntimeVersion 0.0.1, here') as unknown,
  });
});
