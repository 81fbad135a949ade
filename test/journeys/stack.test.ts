// The stack as a whole: it restarts what dies, stops in order, and begins again after its own death.
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../../openapi/client.ts';
import { until } from '../../src/local/until.ts';
import { StackProcess, type PartName } from './stack-process.ts';

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

  it('says what is wrong with a variable instead of starting', () => {
    const { status, stderr } = spawnSync(process.execPath, [resolve('dist/src/local/main.js')], {
      env: { ...process.env, PORT: 'many' },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('PORT must be a whole number from 0 to 65535, but is "many"');
  });
});
