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
    [{ TEMPORAL_TLS_CERT: '/cert' }, 'TEMPORAL_TLS_KEY is set together with TEMPORAL_TLS_CERT'],
  ])('names the variable that is wrong: %o', (environment, message) => {
    expect(() => readConfig(environment)).toThrow(message);
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
