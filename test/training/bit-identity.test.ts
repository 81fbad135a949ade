// Two hundred steps with dropout end in the same bytes: broken off anywhere, and in another process.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TrainingJob, TrainingState } from '../../src/training/job.ts';
import { createKeystream, wordReader } from '../../src/training/random/keystream.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { hashState, madeUpExamples, tinyJobOf } from './tiny-task.ts';

const trainer = new URL('../../dist/src/training/trainer.js', import.meta.url).href;

/** Trains the job of a file and writes its last state to another. */
const program = `
import { readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
const { startTraining } = await import(process.argv[1]);
let last;
for await (const event of startTraining(deserialize(readFileSync(process.argv[2]))).events)
  if (event.kind === 'checkpoint') last = event.state;
writeFileSync(process.argv[3], serialize(last));
`;

const words = new Set(madeUpExamples(61).flatMap(({ tokenIds }) => [...tokenIds]));
const folder = mkdtempSync(join(tmpdir(), 'bit-identity-'));
let job: TrainingJob;
let expected: string;

async function statesOf(changes: Partial<TrainingJob>): Promise<TrainingState[]> {
  const states: TrainingState[] = [];
  for await (const event of startTraining({ ...job, ...changes }).events)
    if (event.kind === 'checkpoint') states.push(event.state);
  return states;
}

async function hashOf(changes: Partial<TrainingJob>): Promise<string> {
  return hashState((await statesOf(changes)).at(-1)!);
}

beforeAll(async () => {
  job = await tinyJobOf({ epochs: 25 }, Int32Array.from(words).sort());
  expected = await hashOf({});
});
afterAll(() => rmSync(folder, { recursive: true }));

it('ends at step 200 with the same bytes in another process', async () => {
  const [given, result] = [join(folder, 'job'), join(folder, 'state')];
  writeFileSync(given, serialize(job));
  const parameters = ['--input-type=module', '--eval', program, trainer, given, result];
  await promisify(execFile)(process.execPath, parameters);
  const state = deserialize(readFileSync(result)) as TrainingState;
  expect(state.step).toBe(200);
  expect(hashState(state)).toBe(expected);
});

it('ends with the same bytes when every step is a run of its own', async () => {
  const states = await statesOf({ checkpoint: { everySteps: 1, everySeconds: 1000 } });
  expect(states).toHaveLength(200);
  expect(hashState(states.at(-1)!)).toBe(expected);
});

it('ends with the same bytes when it is broken off again and again', async () => {
  const next = wordReader(createKeystream(9, 'breaks'), 0, 0);
  let { start } = job;
  const steps: number[] = [];
  while (start.step < 200) {
    const run = startTraining({
      ...job,
      start,
      checkpoint: { everySteps: 20 + (next() % 60), everySeconds: 1000 },
    });
    for await (const event of run.events)
      if (event.kind === 'checkpoint') {
        start = event.state;
        break;
      }
    steps.push(start.step);
  }
  expect(steps.length).toBeGreaterThan(3);
  expect(hashState(start)).toBe(expected);
});

it('ends at this size with the same bytes on other numbers of threads', async () => {
  for (const threads of [2, 4, 6]) expect(await hashOf({ threads })).toBe(expected);
});

it('ends with other bytes with another seed of the dropout', async () => {
  const seeds = { ...job.recipe.seeds, dropout: 12 };
  expect(await hashOf({ recipe: { ...job.recipe, seeds } })).not.toBe(expected);
});
