// The benchmark of training: that it trains on the peer's batches, and what it prints.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runScript } from './model-directory.ts';

interface PeerBatches {
  readonly peerOrder: (rows: number, wanted: number, seed: number) => Int32Array;
}

const scripts = resolve(import.meta.dirname, '../../scripts');
const module = pathToFileURL(join(scripts, 'peer-batches.mjs')).href;
const { peerOrder } = (await import(module)) as PeerBatches;

describe('the order of the peer', () => {
  // torch.randperm(rows)[:wanted], then a DataLoader with shuffle over it, one generator for both; PyTorch 2.15.
  it('is that of PyTorch', () => {
    expect([...peerOrder(20, 8, 42)]).toEqual([1, 14, 4, 18, 10, 15, 2, 0]);
    const long = peerOrder(2000, 640, 7);
    expect(long).toHaveLength(640);
    expect([...long.subarray(0, 5)]).toEqual([1057, 1643, 1241, 410, 275]);
    expect([...long.subarray(-5)]).toEqual([865, 778, 682, 739, 999]);
  });
});

describe('bench:training', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'bench-'));
    const sentence = (row: number): string =>
      Array.from(
        { length: 1 + (row % 9) },
        (_, word) => ['good', 'bad', 'film', 'story'][(row + word) % 4],
      ).join(' ');
    const rows = Array.from({ length: 40 }, (_, row) => `${sentence(row)} \t${row % 2}`);
    writeFileSync(join(directory, 'texts.tsv'), ['sentence\tlabel', ...rows, ''].join('\n'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const measure = (...parameters: readonly string[]): Record<string, unknown> =>
    runScript('bench-training.mjs', [
      ...['--model', 'tiny', '--data', join(directory, 'texts.tsv'), '--threads', '1', '--json'],
      ...['--batch', '4', '--length', '12', '--steps', '6', '--warmup', '1', ...parameters],
    ]) as Record<string, unknown>;

  it('prints rates, memory and shares that add up', () => {
    const result = measure('--gemm');
    for (const name of ['sequencesPerSecond', 'tokensPerSecond', 'peakMemoryBytes', 'startupMilliseconds'])
      expect(result[name], name).toBeGreaterThan(0);
    expect(Number(result['sequencesPerSecond']) * Number(result['stepMilliseconds'])).toBeCloseTo(4000, -1);
    const shares = Object.values(result['shareByPhase'] as Record<string, number>);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 2);
    expect((result['gemm'] as Record<string, number>)['gigaflopsPerSecond']).toBeGreaterThan(0);
    expect(result['losses']).toHaveLength(7);
  });

  it.each([
    ['too few rows', ['--steps', '20'], 2, '--steps 9, or --batch 1, or a file of 84 rows would do'],
    ['an unknown option', ['--step', '6'], 2, "Unknown option '--step'"],
    ['a number that is none', ['--warmup', 'some'], 2, '--warmup is a whole number, 0 or more.'],
    ['a file that is not there', ['--data', 'none.tsv'], 2, 'there is no file none.tsv'],
    ['too few steps', ['--warmup', '3'], 2, '--warmup 1 would do'],
    ['a call for help', ['--help'], 0, '[--steps 30]'],
  ])('answers %s with one line', (_, parameters, status, line) => {
    const data = join(directory, 'texts.tsv');
    const { stdout, stderr, ...ended } = spawnSync(
      process.execPath,
      [
        ...[join(scripts, 'bench-training.mjs'), '--model', 'tiny', '--data', data, '--threads', '1'],
        ...['--batch', '4', '--length', '12', '--steps', '6', '--warmup', '1', ...parameters],
      ],
      { encoding: 'utf8' },
    );
    const printed = `${stdout}${stderr}`;
    expect(printed).toContain(line);
    expect(printed.trimEnd().split('\n')).toHaveLength(1);
    expect(ended.status).toBe(status);
  });

  it('computes all padding where it is asked to, and other weights follow', () => {
    const [packed, filled] = [measure(), measure('--padding', 'maximum')];
    expect(packed['paddingShare']).toBeLessThan(0.2);
    expect(filled['paddingShare']).toBeGreaterThan(0.3);
    expect(filled['stateSha256']).not.toBe(packed['stateSha256']);
    expect(measure()['stateSha256']).toBe(packed['stateSha256']);
  });

  it('trains as many words as it is told to', () => {
    const [inUse, all] = [measure(), measure('--no-compaction')];
    // [UNK] and [MASK] are in the vocabulary and in no text.
    expect(inUse['wordsTrained']).toBeLessThan(Number(all['wordsTrained']));
  });
});
