// Checkpoints that released versions wrote, opened with today's code. `npm run record:release` keeps those of the next one.
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsAfter } from '../../src/experiment/lineage.ts';
import type { NumericProfile } from '../../src/experiment/profile.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { decodeCheckpointManifest } from '../../src/storage/checkpoint-manifest.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import type { StepRecord, TrainingJob } from '../../src/training/job.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { restoreState } from '../../workers/preparation/last-intact-checkpoint.ts';
import { startPhase } from '../../workers/preparation/start-phase.ts';
import type { KeptCheckpoint } from '../../workers/verification/evidence.ts';
import { readBundle, type Bundle } from '../../workers/verification/read-bundle.ts';
import { verificationInputs } from '../../workers/verification/verification-inputs.ts';
import { verify } from '../../workers/verification/verify.ts';

const released = resolve(import.meta.dirname, '../checkpoints');
const versions = readdirSync(released);
const bundleOf = (version: string): string => join(released, version, 'proof.tar');
const readable = versions.filter((version) => existsSync(bundleOf(version)));
const log = pino({ level: 'silent' });
const nothing = (): void => undefined;
const engine = { provider: 'cpu', place: { deviceNumber: 0, graphCacheDirectory: null } } as const;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'released-'));
});
afterAll(() => rm(directory, { recursive: true }));

it('are there of each version that was released', async () => {
  const changelog = await readFile(resolve(import.meta.dirname, '../../CHANGELOG.md'), 'utf8');
  const inChangelog = [...changelog.matchAll(/^## (\d+\.\d+\.\d+)$/gmu)].map(([, version]) => version);
  expect(versions.toSorted()).toEqual(inChangelog.toSorted());
  // CHANGELOG.md says so under 0.2.0: format version 1 is not read.
  expect(versions.filter((version) => !readable.includes(version))).toEqual(['0.1.0']);
});

it('of format version 1 are refused for what they are', async () => {
  const manifest = await readFile(join(released, '0.1.0/manifest.json'));
  expect(() => decodeCheckpointManifest(manifest)).toThrow('A checkpoint is not of format version 2.');
});

/** Trains on from a checkpoint to the end. */
async function trainOn({ evidence }: Bundle, checkpoint: KeptCheckpoint) {
  const inputsWith = await verificationInputs(evidence, directory, log, nothing);
  const inputs = inputsWith(settingsAfter(checkpoint.step, evidence));
  const state = await restoreState(evidence.blobs, checkpoint.manifest, nothing);
  const started = await startPhase(checkpoint.manifest.phase, inputs, { ...checkpoint, state }, nothing);
  const job: TrainingJob = {
    ...started.job,
    ...engine,
    threads: checkpoint.manifest.profile.threads,
    checkpoint: { everySteps: 1e9, everySeconds: 1e9 },
  };
  const steps: StepRecord[] = [];
  let profile: NumericProfile | undefined;
  for await (const event of startTraining(job).events) {
    if (event.kind === 'phase') profile = event.profile;
    if (event.kind === 'steps') steps.push(...event.steps);
  }
  const recorded: Readonly<Record<string, unknown>> = { ...checkpoint.manifest.profile };
  const isSameProfile = Object.entries(profile ?? { none: 0 }).every(
    ([name, value]) => recorded[name] === value,
  );
  return { steps, isSameProfile };
}

/** A float32 from its bits. */
const lossOf = ({ lossBits }: Pick<StepRecord, 'lossBits'>): number =>
  new DataView(Uint32Array.of(lossBits).buffer).getFloat32(0, true);

describe.each(readable)('the checkpoints of %s', (version) => {
  let bundle: Bundle;
  beforeAll(async () => {
    const blobs = new BlobStore(new DirectoryStore(join(directory, version)), '', () => Promise.resolve());
    bundle = await readBundle(createReadStream(bundleOf(version)), blobs);
  });

  it('are trained on, with the steps that were recorded', async () => {
    const { checkpoints, steps: recordedSteps } = bundle.evidence;
    const [checkpoint] = checkpoints;
    if (checkpoint === undefined) throw new Error('the bundle has no checkpoint');
    const { steps, isSameProfile } = await trainOn(bundle, checkpoint);
    const recorded = await recordedSteps(checkpoint.step + 1, bundle.lastStep);
    expect(recorded.length).toBeGreaterThan(4);
    expect(steps.map(({ step }) => step)).toEqual(recorded.map(({ step }) => step));
    for (const [index, again] of steps.entries()) {
      const { lossBits, gradientNormBits } = recorded[index] ?? { lossBits: 0, gradientNormBits: 0 };
      if (isSameProfile) expect(again).toMatchObject({ lossBits, gradientNormBits });
      // Another profile rounds otherwise.
      else expect(lossOf(again)).toBeCloseTo(lossOf({ lossBits }), 3);
    }
  });

  it('are proved from their first step on, or the numeric profile is another here', async () => {
    const { evidence, lastStep } = bundle;
    const span = { fromStep: 1, toStep: lastStep };
    const options = { ...engine, start: startTraining, onProgress: nothing };
    const { state, reason } = await verify(() => Promise.resolve(evidence), span, directory, log, options);
    if (state === 'undecided') expect(reason).toMatch(/another profile/u);
    else expect({ state, reason }).toEqual({ state: 'agrees', reason: null });
  });
});
