import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { availableCores } from '../../src/machine/cores.ts';

describe('the cores that a process may use', () => {
  const roots: string[] = [];
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true });
  });

  /** A file system with these files. */
  const rootWith = (files: Readonly<Record<string, string>>): string => {
    const root = mkdtempSync(join(tmpdir(), 'cores-'));
    roots.push(root);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return `${root}/`;
  };

  it('are those of the machine where nothing limits them', () => {
    expect(availableCores(rootWith({}), 12)).toBe(12);
    const unlimited = { 'proc/self/cgroup': '0::/job\n', 'sys/fs/cgroup/job/cpu.max': 'max 100000\n' };
    expect(availableCores(rootWith(unlimited), 12)).toBe(12);
  });

  it.each([
    ['250000 100000', 3],
    ['200000 100000', 2],
    ['10000 100000', 1],
    ['9900000 100000', 12],
  ])('with a quota of %s of version 2 are %d', (quota, cores) => {
    const files = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': `${quota}\n` };
    expect(availableCores(rootWith(files), 12)).toBe(cores);
  });

  it('are held to the least of the quotas of nested groups', () => {
    const files = {
      'proc/self/cgroup': '0::/outer/inner\n',
      'sys/fs/cgroup/outer/cpu.max': '300000 100000\n',
      'sys/fs/cgroup/outer/inner/cpu.max': '800000 100000\n',
    };
    expect(availableCores(rootWith(files), 12)).toBe(3);
  });

  it('are found in a container that sees its own group as the root but is told the path outside', () => {
    const files = {
      'proc/self/cgroup': '0::/../../outside/of/it\n',
      'sys/fs/cgroup/cpu.max': '400000 100000\n',
    };
    expect(availableCores(rootWith(files), 12)).toBe(4);
  });

  it.each(['cpu', 'cpu,cpuacct'])('with a quota of version 1 under %s are limited', (folder) => {
    const files = {
      'proc/self/cgroup': '5:memory:/job\n4:cpu,cpuacct:/job\n',
      [`sys/fs/cgroup/${folder}/job/cpu.cfs_quota_us`]: '150000\n',
      [`sys/fs/cgroup/${folder}/job/cpu.cfs_period_us`]: '50000\n',
    };
    expect(availableCores(rootWith(files), 12)).toBe(3);
  });

  it('with a quota of -1 of version 1 are all', () => {
    const files = {
      'proc/self/cgroup': '4:cpu:/job\n',
      'sys/fs/cgroup/cpu/job/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/job/cpu.cfs_period_us': '100000\n',
    };
    expect(availableCores(rootWith(files), 12)).toBe(12);
  });
});
