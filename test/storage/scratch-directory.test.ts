// Scratch directories go with their attempt, and those of a killed worker when the next one starts.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startOf } from '../../src/machine/process-start.ts';
import {
  removeAbandonedScratch,
  tidyScratch,
  withScratchDirectory,
} from '../../src/storage/scratch-directory.ts';

let folder: string;
let living: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scratch-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  living?.kill('SIGKILL');
  living = undefined;
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const markOf = (processId: number): string =>
  createHash('sha256')
    .update(startOf(processId) ?? '')
    .digest('hex')
    .slice(0, 8);
const nameOf = (processId: number, startMark = markOf(processId), host = hostname()): string =>
  `bert-eval-${host}-${processId}-${startMark}-aB3dE6`;
const start = (...code: string[]): ChildProcess =>
  spawn(process.execPath, ['-e', ...code], { stdio: ['pipe', 'ignore', 'ignore'] });

async function deadProcess(): Promise<number> {
  const child = start('0');
  await once(child, 'exit');
  return child.pid ?? 0;
}

function fill(name: string): string {
  const directory = join(folder, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'examples'), 'examples');
  return directory;
}

it('a directory is named after its process, and gone after the work', async () => {
  const used = await withScratchDirectory((directory) => {
    writeFileSync(join(directory, 'examples'), 'examples');
    return Promise.resolve(directory);
  });
  expect(basename(used)).toMatch(
    new RegExp(`^bert-eval-.*-${process.pid}-${markOf(process.pid)}-[A-Za-z0-9]{6}$`),
  );
  expect(existsSync(used)).toBe(false);
});

it('a directory whose process was killed is removed at the next start', async () => {
  fill(nameOf(await deadProcess()));
  expect(await removeAbandonedScratch()).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

it('a directory of an earlier process is removed though another has its number now, and one of this process is kept', async () => {
  await withScratchDirectory(async (directory) => {
    for (const processId of [process.pid, 1]) fill(nameOf(processId, '0123abcd'));
    expect(await removeAbandonedScratch()).toBe(2);
    expect(readdirSync(folder)).toEqual([basename(directory)]);
  });
});

it('what a living process, another host or something else has made is kept', async () => {
  living = start('process.stdin.resume()');
  await once(living, 'spawn');
  const gone = await deadProcess();
  const kept = [
    nameOf(living.pid ?? 0),
    // The first process is there, and another user's where the tests do not run as its own.
    nameOf(1),
    nameOf(gone, markOf(gone), 'another-host'),
    `bert-eval-${gone}`,
    'other',
  ];
  kept.forEach(fill);
  expect(await removeAbandonedScratch()).toBe(0);
  expect(readdirSync(folder)).toEqual(kept.toSorted());
});

it('a process begins by removing what was left, and begins all the same where it cannot', async () => {
  const said: string[] = [];
  const to = new Writable({
    write(line: Buffer, _encoding, done) {
      said.push((JSON.parse(line.toString()) as { msg: string }).msg);
      done();
    },
  });
  const log = pino(to);
  fill(nameOf(await deadProcess()));
  await tidyScratch(log);
  expect(readdirSync(folder)).toEqual([]);
  await tidyScratch(log);
  vi.stubEnv('TMPDIR', join(folder, 'none'));
  await tidyScratch(log);
  expect(said).toEqual([
    'removed what killed processes had left on this machine',
    'what killed processes have left was not removed',
  ]);
});

it('links are not followed', async () => {
  const gone = await deadProcess();
  const target = fill('target');
  symlinkSync(target, join(folder, nameOf(gone)));
  const abandoned = fill(nameOf(gone, '0123abcd'));
  symlinkSync(target, join(abandoned, 'link'));
  expect(await removeAbandonedScratch()).toBe(1);
  expect(readdirSync(target)).toEqual(['examples']);
  expect(readdirSync(folder)).toEqual([nameOf(gone), 'target']);
});
