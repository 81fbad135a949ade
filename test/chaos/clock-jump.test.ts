// A program that the clock module was loaded before sees the time that a file says, and only the programs of the stack do.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const clockModule = pathToFileURL(join(import.meta.dirname, 'clock-jump.mjs')).href;
const program =
  'console.log(JSON.stringify([Date.now(), new Date().getTime(), Date.parse(Date()), new Date(7).getTime(), new Date() instanceof Date]))';
const jumpSeconds = -7200;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clock-jump-'));
  await writeFile(join(folder, 'training-worker'), String(jumpSeconds));
});
afterAll(() => rm(folder, { recursive: true }));

async function timesSeenBy(name: string): Promise<unknown[]> {
  const path = join(folder, `${name}.js`);
  await writeFile(path, program);
  const { stdout } = await promisify(execFile)(process.execPath, [path], {
    env: { ...process.env, NODE_OPTIONS: `--import=${clockModule}`, CHAOS_CLOCKS: folder },
  });
  return JSON.parse(stdout) as unknown[];
}

it.each([
  ['training-worker', jumpSeconds],
  ['evaluation-worker', 0],
  ['build', 0],
])('%s sees a time that is %i s off', async (name, offsetSeconds) => {
  const [now, constructed, written, given, isDate] = await timesSeenBy(name);
  const expected = Date.now() + offsetSeconds * 1000;
  for (const seen of [now, constructed, written])
    expect(Math.abs(Number(seen) - expected)).toBeLessThan(20_000);
  expect([given, isDate]).toEqual([7, true]);
});
