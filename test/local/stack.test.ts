// What `npm start` says of servers that were given to it, before it starts anything that needs them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../../src/local/until.ts';

it('names each that does not answer, without a password, starts no part meanwhile, and stops when it is told to', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'stack-'));
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../dist/src/local/main.js')], {
    env: {
      PATH: process.env['PATH'],
      DATA_DIR: dataDirectory,
      PORT: '0',
      DATABASE_URL: 'postgresql://user:secret@127.0.0.1:1/name',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      STORAGE_URL: 's3://bucket/prefix',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(dataDirectory, { recursive: true });
  });
  await until(() => output.split('\n').length > 3, { timeoutSeconds: 20, what: 'a line for each' });
  const logs = await readdir(join(dataDirectory, 'logs'));
  child.kill('SIGTERM');
  const [status] = (await ended) as [number | null];
  expect(output.trimEnd().split('\n').toSorted()).toEqual([
    expect.stringMatching(
      /^PostgreSQL at 127\.0\.0\.1:1\/name \(DATABASE_URL\) does not answer \(.*ECONNREFUSED/u,
    ),
    expect.stringMatching(
      /^Temporal at 127\.0\.0\.1:1 \(TEMPORAL_ADDRESS\) does not answer \(.*ECONNREFUSED/u,
    ),
    expect.stringMatching(
      /^The object store s3:\/\/bucket\/prefix \(STORAGE_URL\) does not answer \(.*ECONNREFUSED/u,
    ),
  ]);
  expect(output).not.toContain('secret');
  expect({ logs, status }).toEqual({ logs: [], status: 0 });
}, 40_000);
