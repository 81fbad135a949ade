// How the process of a worker ends: by a signal, and when what runs beside its worker fails.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../src/local/until.ts';
import { useDatabase } from '../database/fixture.ts';
import { startTemporal, type TestTemporal } from '../temporal-server.ts';

const opened = useDatabase();
let temporal: TestTemporal;
let directory: string;
const started: ChildProcess[] = [];
beforeAll(async () => {
  temporal = await startTemporal();
  directory = await mkdtemp(join(tmpdir(), 'worker-process-'));
});
afterAll(async () => {
  // Those of tests that failed.
  for (const child of started) child.kill('SIGKILL');
  await temporal.stop();
  await rm(directory, { recursive: true });
});

const module = pathToFileURL(resolve(import.meta.dirname, '../../dist/workers/worker-process.js')).href;

/** A worker that says when it has closed what it opened. @param background the body of what runs beside it */
function startWorker(background: string) {
  const program = `
    import { runWorkerProcess } from ${JSON.stringify(module)};
    await runWorkerProcess({
      name: 'worker',
      taskQueue: 'bert-eval-task-queue',
      slots: 1,
      options: () => ({
        activities: { nothing: () => Promise.resolve() },
        close: async () => console.error('closed'),
      }),
      background: async ({ stopping }) => { ${background} },
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: opened.url,
      TEMPORAL_ADDRESS: temporal.address,
      STORAGE_URL: pathToFileURL(directory).href,
    },
  });
  started.push(child);
  const told = { output: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (told.output += chunk.toString()));
  const status = new Promise<number | null>((end) => child.on('close', end));
  return { child, told, status };
}

it('ends with 0 when it is told to stop, once what runs beside it has ended', async () => {
  const { child, told, status } = startWorker(
    `await new Promise((resolve) => stopping.addEventListener('abort', resolve)); console.error('ended');`,
  );
  await until(() => told.output.includes('"msg":"ready"'), { timeoutSeconds: 30, what: 'the worker' });
  child.kill('SIGTERM');
  expect(await status).toBe(0);
  expect(told.output).toMatch(/ended\n.*closed\n/s);
}, 60_000);

it('ends with 1 when what runs beside it fails, closed as it should be, and says why', async () => {
  const { told, status } = startWorker(
    `await new Promise((resolve) => setTimeout(resolve, 500)); throw new Error('The outbox is broken.');`,
  );
  expect(await status).toBe(1);
  expect(told.output).toMatch(/closed\n.*"msg":"The outbox is broken\."/s);
}, 60_000);
