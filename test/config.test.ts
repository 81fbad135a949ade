import { describe, expect, it } from 'vitest';
import { readConfig, readPartConfig } from '../src/config.ts';

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
    [{ PREDECESSOR_PROCESS: '7,none' }, 'PREDECESSOR_PROCESS must be a whole number from 1 to'],
    [{ AUTH: 'basic' }, 'AUTH must be one of none'],
    [{ HOST: '0.0.0.0' }, 'HOST must be 127.0.0.1, ::1 or localhost while AUTH is none, but is "0.0.0.0"'],
    [{ HOST: 'example.com' }, 'HOST must be'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must be postgresql://user:password@host:port/database'],
    [{ DATABASE_URL: 'postgresql//x' }, 'DATABASE_URL must be'],
    [{ TEMPORAL_ADDRESS: 'http://temporal:7233' }, 'TEMPORAL_ADDRESS must be host:port, but is "http://'],
    [{ TEMPORAL_ADDRESS: '::1' }, 'TEMPORAL_ADDRESS must be host:port'],
    [{ STORAGE_URL: 'gs://x/y' }, 'STORAGE_URL must be file:///absolute/folder or s3://bucket/prefix'],
    [{ STORAGE_URL: 'foo' }, 'STORAGE_URL must be'],
    [{ STORAGE_URL: 's3://' }, 'STORAGE_URL must be'],
    [{ STORAGE_URL: 'file://relative' }, 'STORAGE_URL must be'],
    [{ AWS_ENDPOINT_URL: '127.0.0.1:9000' }, 'AWS_ENDPOINT_URL must be an http or https address'],
    [{ HUB_URL: 'ftp://hub' }, 'HUB_URL must be an http or https address, but is "ftp://hub"'],
    [{ TEMPORAL_TLS_CERT: '/cert' }, 'TEMPORAL_TLS_KEY is set together with TEMPORAL_TLS_CERT'],
  ])('names the variable that is wrong: %o', (environment, message) => {
    expect(() => readConfig(environment)).toThrow(message);
  });

  it.each([
    { HOST: '::1' },
    { HOST: 'localhost' },
    { DATABASE_URL: 'postgres://user:password@/name?host=/run/postgresql' },
    { TEMPORAL_ADDRESS: 'temporal.example' },
    { TEMPORAL_ADDRESS: '[::1]:7233' },
    { STORAGE_URL: 'file:///folder' },
    { STORAGE_URL: 's3://bucket' },
  ])('takes %o', (environment) => {
    expect(() => readConfig(environment)).not.toThrow();
  });

  it('never shows what may be a password', () => {
    expect(() => readConfig({ DATABASE_URL: 'mysql://user:secret@db/name' })).not.toThrow('secret');
  });

  it.each([
    [undefined, []],
    ['7', [7]],
    ['7, 8', [7, 8]],
  ])('takes the place of no process, of one or of several: %s', (text, processes) => {
    expect(readConfig({ PREDECESSOR_PROCESS: text }).predecessorProcesses).toEqual(processes);
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
