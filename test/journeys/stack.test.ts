// The stack as a whole: it restarts what dies, stops in order, and begins again after its own death.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../../openapi/client.ts';
import { processesOf } from '../../src/local/process-identity.ts';
import { until } from '../../src/local/until.ts';
import { trainingWorkers } from './example-experiment.ts';
import { commandLineOf, StackProcess, type PartName } from './stack-process.ts';

const partNames: readonly PartName[] = [
  'http/server',
  'coordinator-worker',
  'training-worker',
  'evaluation-worker',
  'temporal',
  'postgres',
];
const stopLimitMilliseconds = 30_000;
const started: StackProcess[] = [];

async function start(...options: Parameters<typeof StackProcess.start>): Promise<StackProcess> {
  const stack = await StackProcess.start(...options);
  started.push(stack);
  return stack;
}

afterEach(async () => {
  for (const stack of started.splice(0)) await stack.stopAndRemove();
});

const isOwnedBy = (directory: string, name: string, processId: number | undefined): boolean =>
  readFileSync(join(directory, name), 'utf8').includes(`"processId":${processId},"start":"`);

const isReady = async (stack: StackProcess): Promise<boolean> => {
  try {
    const { data } = await createClient(stack.url).api.GET('/readyz');
    return data?.status === 'ready';
  } catch {
    // Nobody listens at the moment.
    return false;
  }
};

describe('the stack', () => {
  it('starts every part again that is killed, and then stops with status 0, leaving no process', async () => {
    const stack = await start();
    for (const part of partNames) {
      const [before] = stack.processesOf(part);
      expect(stack.signal(part, 'SIGKILL'), part).toBe(true);
      const isNew = (): boolean => stack.processesOf(part).some((processId) => processId !== before);
      await until(isNew, { timeoutSeconds: 20, what: part });
    }
    await until(() => isReady(stack), { timeoutSeconds: 30, what: 'the stack' });
    const stopped = Date.now();
    expect(await stack.stop()).toBe(0);
    expect(Date.now() - stopped).toBeLessThan(stopLimitMilliseconds);
    expect(stack.partProcesses).toEqual([]);
  }, 120_000);

  it('has a spare training worker beside one that has run for 10 s, which takes its place', async () => {
    const stack = await start();
    const spares = (): number[] =>
      stack.partProcesses.filter((processId) => commandLineOf(processId).includes('spare-of-training'));
    expect(spares()).toEqual([]);
    await until(() => spares().length === 1, { timeoutSeconds: 20, what: 'the spare' });
    const [spare] = spares();
    const [worker] = stack.processesOf('training-worker');
    expect(worker).not.toBe(spare);
    stack.signal('training-worker', 'SIGKILL');
    await until(() => stack.processesOf('training-worker')[0] === spare, {
      timeoutSeconds: 5,
      what: 'the spare at work',
    });
    const client = createClient(stack.url);
    await until(async () => (await trainingWorkers(client)) === 1, {
      timeoutSeconds: 20,
      what: 'the worker that polls',
    });
    await until(() => spares().length === 1, { timeoutSeconds: 20, what: 'the next spare' });
    expect(await stack.stop()).toBe(0);
    expect(stack.partProcesses).toEqual([]);
  }, 120_000);

  it('refuses a data directory that another one uses, and names the process', async () => {
    const stack = await start();
    await expect(StackProcess.start(stack.dataDirectory)).rejects.toThrow(/is used by process \d+/);
    expect(await isReady(stack)).toBe(true);
  }, 120_000);

  it('clears what was left when it was killed itself, and goes on with the same data', async () => {
    const first = await start();
    const dataset = await createClient(first.url).uploadDataset({
      train: { name: 'a.csv', content: 'text,label\na,b\n' },
    });
    await first.killSupervisor();
    const left = first.partProcesses;
    expect(left.length).toBeGreaterThan(0);
    const second = await start(first.dataDirectory);
    expect(second.partProcesses.some((processId) => left.includes(processId))).toBe(false);
    const { data: list } = await createClient(second.url).api.GET('/datasets');
    expect(list?.items.map(({ id }) => id)).toEqual([dataset.id]);
  }, 120_000);

  it.runIf(process.getuid?.() === 0)(
    'runs as root under a folder that only its owner may enter',
    async () => {
      const parent = await mkdtemp(join(tmpdir(), 'coordinator-private-'));
      await chmod(parent, 0o700);
      const stack = await start(join(parent, 'data'));
      expect(await isReady(stack)).toBe(true);
      await stack.stopAndRemove();
      await rm(parent, { recursive: true });
    },
    120_000,
  );

  it('is joined by another worker that is started with the variables it wrote down, which stops with status 0', async () => {
    const stack = await start();
    const client = createClient(stack.url);
    const worker = stack.joinTrainingWorker();
    await until(async () => (await trainingWorkers(client)) === 2, {
      timeoutSeconds: 40,
      what: 'the second worker',
    });
    process.kill(-worker.pid!, 'SIGTERM');
    const [status] = (await once(worker, 'exit')) as [number];
    expect(status).toBe(0);
  }, 120_000);

  it('stops in time also when it is asked to while it still starts, leaving no process', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'coordinator-early-'));
    for (const delayMilliseconds of [0, 700, 1500]) {
      const child = spawn(process.execPath, [resolve('dist/src/local/main.js')], {
        env: { ...process.env, DATA_DIR: directory, PORT: '0' },
        stdio: 'ignore',
      });
      const hasLock = (): boolean =>
        readdirSync(directory).some(
          (name) => name.startsWith('stack.lock') && isOwnedBy(directory, name, child.pid),
        );
      await until(hasLock, { timeoutSeconds: 10, what: 'the lock' });
      await delay(delayMilliseconds);
      child.kill('SIGTERM');
      const [status] = (await once(child, 'exit')) as [number];
      expect(status).toBe(0);
      expect(processesOf(directory)).toEqual([]);
    }
    await rm(directory, { recursive: true });
  }, 120_000);

  it('refuses a port that another one listens on, instead of taking its answers for its own', async () => {
    const stack = await start();
    const port = new URL(stack.url).port;
    await expect(StackProcess.start(undefined, { PORT: port })).rejects.toThrow(
      `PORT ${port} cannot be listened on`,
    );
  }, 120_000);

  it('says of a part alone what it needs, and lets a part that waits be stopped', async () => {
    const program = resolve('dist/workers/training-worker.js');
    const { DATABASE_URL: _none, ...environment } = process.env;
    const alone = spawnSync(process.execPath, [program], { env: environment, encoding: 'utf8' });
    expect(alone.status).toBe(1);
    expect(alone.stderr).toContain('DATABASE_URL, TEMPORAL_ADDRESS, STORAGE_URL must be set');
    const nowhere = {
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      STORAGE_URL: 'file:///nowhere',
    };
    const waiting = spawn(process.execPath, [program], {
      env: { ...environment, ...nowhere },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(waiting.stderr, 'data');
    waiting.kill('SIGTERM');
    const [status] = (await once(waiting, 'exit')) as [number];
    expect(status).toBe(0);
  }, 60_000);

  it('says what is wrong with a variable instead of starting', () => {
    const { status, stderr } = spawnSync(process.execPath, [resolve('dist/src/local/main.js')], {
      env: { ...process.env, PORT: 'many' },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('PORT must be a whole number from 0 to 65535, but is "many"');
  });
});
