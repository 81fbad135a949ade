// How each process of the built tree refuses what it is told at its start, and what the log says where it ends later.
import { spawnSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const programs = [
  'src/local/main',
  'src/http/server',
  'workers/coordinator-worker',
  'workers/training-worker',
  'workers/evaluation-worker',
];

const shared = {
  DATABASE_URL: 'postgresql://user@127.0.0.1:1/name',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  STORAGE_URL: 'file:///nowhere',
};

const run = (program: string, variables: Record<string, string>) =>
  spawnSync(process.execPath, [resolve(import.meta.dirname, `../dist/${program}.js`)], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...variables },
  });

describe.each(programs)('%s', (program) => {
  it('refuses a variable in one plain line', () => {
    const { status, stdout, stderr } = run(program, { ...shared, STORAGE_URL: 'gs://x/y' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      'STORAGE_URL must be file:///absolute/folder or s3://bucket/prefix, but is "gs://x/y". Correct the variable that is named.\n',
    );
  });
});

it('the API names the variables that it lacks, and a port that is taken, in one plain line', async () => {
  expect(run('src/http/server', {}).stderr).toMatch(
    /^DATABASE_URL, TEMPORAL_ADDRESS, STORAGE_URL must be set.*\n$/u,
  );
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => other.once('listening', listening));
  const { port } = other.address() as AddressInfo;
  const { status, stderr } = run('src/http/server', { ...shared, PORT: String(port) });
  other.close();
  expect(status).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^PORT ${port} cannot be listened on .*EADDRINUSE.* set another PORT\\..*\\n$`, 'u'),
  );
});

it.each([
  ['new CodedError("temporal_unavailable", "It is away.", { cause: new Error("refused") })', false],
  ['new Error("It is away.")', true],
])('the last line in a log is JSON and tells the stack of an uncoded error alone: %s', (error, hasStack) => {
  const script = `
    import { CodedError } from './src/error.js';
    import { createLogger } from './src/log.js';
    import { endFatally } from './src/process-end.js';
    endFatally(createLogger('part', 'info'), ${error});`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    cwd: resolve(import.meta.dirname, '../dist'),
  });
  expect(status).toBe(1);
  expect(JSON.parse(stderr)).toMatchObject({ level: 60, part: 'part', msg: 'It is away.' });
  if (!hasStack) expect(JSON.parse(stderr)).toMatchObject({ code: 'temporal_unavailable', cause: 'refused' });
  expect(stderr.includes('stack')).toBe(hasStack);
});
