import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { availableCores, readConfig, readPartConfig, switchOffTf32 } from '../src/config.ts';

const shared = {
  DATABASE_URL: 'postgresql://user@db/name',
  TEMPORAL_ADDRESS: 'temporal:7233',
  STORAGE_URL: 's3://bucket/prefix',
};

describe('the configuration', () => {
  it('has a default for what the embedded stack brings itself', () => {
    const config = readConfig({ DATA_DIR: '/data' });
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      storageUrl: 'file:///data/objects',
      executionProvider: 'auto',
      executionDevice: 0,
      storagePathStyle: false,
    });
  });

  it.each([
    [{ PORT: '65536' }, 'PORT must be a whole number from 0 to 65535, but is "65536"'],
    [{ TRAINING_THREADS: '0' }, 'TRAINING_THREADS must be a whole number'],
    [{ EXECUTION_DEVICE: '-1' }, 'EXECUTION_DEVICE must be a whole number from 0 to 255'],
    [{ EXECUTION_PROVIDER: 'tpu' }, 'EXECUTION_PROVIDER must be one of auto, cpu, cuda'],
    [{ AUTH: 'basic' }, 'AUTH must be one of none'],
    [{ TEMPORAL_TLS_CERT: '/cert' }, 'TEMPORAL_TLS_KEY is set together with TEMPORAL_TLS_CERT'],
  ])('names the variable that is wrong: %o', (environment, message) => {
    expect(() => readConfig(environment)).toThrow(message);
  });

  it('of a part alone names every address that is missing, instead of guessing one', () => {
    const { TEMPORAL_ADDRESS: _temporal, STORAGE_URL: _storage, ...incomplete } = shared;
    expect(() => readPartConfig(incomplete)).toThrow('TEMPORAL_ADDRESS, STORAGE_URL must be set');
    expect(readPartConfig(shared).databaseUrl).toBe(shared.DATABASE_URL);
  });

  it('puts the bucket into the path where S3 has an endpoint of its own', () => {
    expect(readConfig({ ...shared, AWS_ENDPOINT_URL: 'http://127.0.0.1:9000' }).storagePathStyle).toBe(true);
  });
});

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

describe('reduced precision on CUDA', () => {
  const variable = 'NVIDIA_TF32_OVERRIDE';
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is switched off, unless the operator decided otherwise', () => {
    vi.stubEnv(variable, undefined);
    switchOffTf32();
    expect(process.env[variable]).toBe('0');
    vi.stubEnv(variable, '1');
    switchOffTf32();
    expect(process.env[variable]).toBe('1');
  });
});
