// A writer that is killed at any moment leaves whole objects or none, and everything that it said was published.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlobStore } from '../../src/storage/blob-store.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { openDirectory, type TestStore } from './stores.ts';

const root = join(import.meta.dirname, '..', '..');
const writer = fileURLToPath(new URL('./crash-writer.mjs', import.meta.url));
const kills = 30;
/** A kill falls after a number of steps, and then anywhere in about two steps more. */
const mostStepsBefore = 4;
const longestDelayMilliseconds = 40;

interface Published {
  readonly step: number;
  readonly id: string;
  readonly blobs: readonly BlobRef[];
}

/** Seeded numbers from 0 to 1 (a multiplicative generator, Park and Miller 1988), so that a failure can be repeated. */
function* randomNumbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 48_271) % 2_147_483_647;
    yield state / 2_147_483_647;
  }
}

/** Runs the writer, kills it some time after it made so many steps, and returns what it said it had published. */
async function runAndKill(
  folder: string,
  seed: number,
  steps: number,
  delayMilliseconds: number,
): Promise<Published[]> {
  const compiled = join(root, 'dist', 'src', 'storage');
  const child = spawn(process.execPath, [writer, compiled, folder, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_code, signal) => resolve(signal)),
  );
  const published: Published[] = [];
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    lines += 1; // The first says that it started.
    if (lines > 1) published.push(JSON.parse(line) as Published);
    if (lines > steps) void sleep(delayMilliseconds).then(() => child.kill('SIGKILL'));
  }
  expect(await ended).toBe('SIGKILL');
  return published;
}

describe('a writer that is killed', () => {
  let opened: TestStore;
  beforeAll(async () => {
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
    opened = await openDirectory();
  });
  afterAll(() => opened.close());

  it(`leaves, ${kills} times at any moment, only whole objects and all it had published`, async () => {
    const random = randomNumbers(20_240_229);
    const published: { seed: number; steps: Published[] }[] = [];
    let leastSteps = 0;
    for (let run = 0; run < kills; run += 1) {
      // Every second run goes over what the one before it left.
      const seed = Math.floor(run / 2);
      const before = Math.floor(random.next().value * (mostStepsBefore + 1));
      const delay = random.next().value * longestDelayMilliseconds;
      published.push({ seed, steps: await runAndKill(opened.folder, seed, before, delay) });
      leastSteps += before;
    }

    const blobs = new BlobStore(opened.store, 'project/');
    const checkpoints = new CheckpointStore(opened.store, 'project');
    for (const { seed, steps } of published) {
      for (const { step, id, blobs: references } of steps) {
        expect(await checkpoints.read(`exp_${seed}`, step, id)).toBeDefined();
        for (const reference of references) await blobs.bytes(reference);
      }
    }
    expect(published.flatMap(({ steps }) => steps).length).toBeGreaterThanOrEqual(leastSteps);

    // Also what was published and not said: every key there is holds what its name says.
    let wholeObjects = 0;
    for await (const { key } of opened.store.list('project/blobs/')) {
      await blobs.bytes(`sha256:${key.slice(key.lastIndexOf('/') + 1)}`);
      wholeObjects += 1;
    }
    expect(wholeObjects).toBeGreaterThan(kills);
    for await (const { key } of opened.store.list('checkpoints/')) {
      const [, , experimentId = '', file = ''] = key.split('/');
      const [step = '', digits = ''] = file.replace('.json', '').split('-');
      const read = await checkpoints.read(experimentId, Number(step), `sha256:${digits}`);
      for (const reference of Object.values(read.blobs)) if (reference !== null) await blobs.bytes(reference);
    }
  }, 120_000);

  it('leaves half objects under no key, and cleaning removes them', async () => {
    const unpublished = join(opened.folder, '.unpublished');
    expect(readdirSync(unpublished).length).toBeGreaterThan(0);
    const tomorrow = Date.now() + 25 * 3_600_000;
    await opened.store.removeUnfinished(new Date(tomorrow));
    expect(readdirSync(unpublished)).toEqual([]);

    const before: string[] = [];
    for await (const { key } of opened.store.list('')) before.push(key);
    const incoming = before.filter((key) => key.startsWith('project/incoming/'));
    const removed = await new BlobStore(opened.store, 'project/').removeLeftovers(new Date(tomorrow));
    expect(removed).toBe(incoming.length);
    const after: string[] = [];
    for await (const { key } of opened.store.list('')) after.push(key);
    expect(after).toEqual(before.filter((key) => !incoming.includes(key)));
  });
});
