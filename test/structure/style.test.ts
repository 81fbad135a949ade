// The part of the house rules that can be checked: sizes of files, and words that must not be left behind.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file.endsWith('.ts') && file !== 'openapi/schema.ts');
const sources = tracked.filter((file) => !file.startsWith('test/'));
const lines = (file: string): string[] => readFileSync(join(root, file), 'utf8').split('\n');

describe('source files', () => {
  it('have at most 400 lines, tests at most 500', () => {
    const long = tracked.filter((file) => lines(file).length - 1 > (file.startsWith('test/') ? 500 : 400));
    expect(long).toEqual([]);
  });

  it('have fewer than 120 lines in at least half of the cases', () => {
    const short = sources.filter((file) => lines(file).length < 120);
    expect(short.length / sources.length).toBeGreaterThanOrEqual(0.5);
  });

  it('begin with a comment that says what they are for', () => {
    expect(
      sources.filter((file) => !lines(file)[0]?.startsWith('//') && !file.endsWith('.config.ts')),
    ).toEqual([]);
  });

  it('say of every exported function and class what it is for', () => {
    const exported = /^export (?:abstract )?(?:async )?(?:class|function)\b/;
    const silent = sources.flatMap((file) =>
      lines(file).flatMap((line, place, all) =>
        exported.test(line) && !all[place - 1]?.endsWith('*/') ? [`${file}: ${line}`] : [],
      ),
    );
    expect(silent).toEqual([]);
  });

  it('hold nothing unfinished', () => {
    const unfinished = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'ts-' + 'ignore'].join('|'));
    expect(tracked.filter((file) => unfinished.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('have no catch-all names', () => {
    expect(tracked.filter((file) => /(^|\/)(utils?|helpers?|common|manager)(\.|\/)/.test(file))).toEqual([]);
  });
});
