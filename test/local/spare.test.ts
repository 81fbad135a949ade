import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Spare } from '../../src/local/spare.ts';
import { until } from '../../src/local/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'spare-'));
const program = join(folder, 'program.mjs');
const output = join(folder, 'begun');
const builtSpare = pathToFileURL(resolve('dist/src/spare-process.js')).href;
writeFileSync(
  program,
  `import { writeFileSync } from 'node:fs';
import { untilActivated } from '${builtSpare}';
await untilActivated('the worker');
writeFileSync('${output}', String(process.env.PREDECESSOR_PROCESS));
setInterval(() => {}, 1000);
`,
);
const started: ChildProcess[] = [];

function start(): ChildProcess {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  started.push(child);
  return child;
}

const commandLine = ({ pid }: ChildProcess): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
const begun = (): string | undefined => {
  try {
    return readFileSync(output, 'utf8') || undefined;
  } catch {
    return undefined;
  }
};
const wait = (what: string, condition: () => boolean): Promise<void> =>
  until(condition, { timeoutSeconds: 10, what });

/** A spare that ends with its test. */
function spareOf(spawnSpare: () => ChildProcess, ...options: number[]): Spare {
  const spare = new Spare(spawnSpare, ...options);
  onTestFinished(() => spare.end());
  return spare;
}

async function prepared(): Promise<Spare> {
  const spare = spareOf(start);
  spare.keepAfter(0);
  await wait('the spare', () => started.length === 1);
  return spare;
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(output, { force: true });
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a spare process', () => {
  it('begins only when it is activated, knows whose place it takes, and is a process as any other from then on', async () => {
    const spare = await prepared();
    // Long enough for a program that does not wait.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(begun()).toBeUndefined();
    const child = spare.take([17, 4]);
    expect(child).toBe(started[0]);
    await wait('its begin', () => begun() !== undefined);
    expect(begun()).toBe('17,4');
    if (process.platform === 'linux') expect(commandLine(child!)).toMatch(/^the worker\0*$/u);
    expect(spare.take([17, 4])).toBeUndefined();
    // The channel has served its purpose: nothing that its supervisor does ends it.
    expect(child?.connected).toBe(false);
    expect(child?.exitCode).toBeNull();
  });

  it('hears also what it was told while it was loading', async () => {
    const spare = await prepared();
    spare.take([8]);
    await wait('its begin', () => begun() !== undefined);
    expect(begun()).toBe('8');
  });

  it('ends when whoever started it has gone', async () => {
    await prepared();
    const [child] = started;
    const ended = once(child!, 'exit');
    child?.disconnect();
    expect(await ended).toEqual([0, null]);
    expect(begun()).toBeUndefined();
  });

  it('that nobody could activate says so, and ends with 2', () => {
    const { status, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toBe('A spare is started by npm start alone, which tells it when to begin.\n');
    expect(begun()).toBeUndefined();
  });
});

describe('a part with a spare', () => {
  it('is given none before one was started, nor one that has died, which is replaced', async () => {
    const spare = spareOf(start);
    expect(spare.take([1])).toBeUndefined();
    spare.keepAfter(0.3);
    await wait('the spare', () => started.length === 1);
    const ended = once(started[0]!, 'exit');
    started[0]?.kill('SIGKILL');
    await ended;
    expect(spare.take([1])).toBeUndefined();
    spare.keepAfter(0.3);
    await wait('the next spare', () => started.length === 2);
    started[1]?.kill('SIGKILL');
    await wait('one after that, by itself', () => started.length === 3);
    expect(spare.take([1])).toBe(started[2]);
  });

  it('has one at most, and none that is started after its end', async () => {
    const spare = await prepared();
    spare.keepAfter(0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(started.length).toBe(1);
    spare.keepAfter(0.05);
    await spare.end();
    expect(started[0]?.signalCode).toBe('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(started.length).toBe(1);
  });

  it('is rid of one that is taken and does not begin', async () => {
    const spare = spareOf(start, 0.5);
    spare.keepAfter(0);
    await wait('the spare', () => started.length === 1);
    started[0]?.kill('SIGSTOP');
    const child = spare.take([1]);
    expect(child).toBe(started[0]);
    await wait('its end', () => child?.signalCode === 'SIGKILL');
    expect(begun()).toBeUndefined();
  });

  it('keeps one that has begun', async () => {
    const spare = spareOf(start, 2);
    spare.keepAfter(0);
    await wait('the spare', () => started.length === 1);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const child = spare.take([1]);
    const killed = vi.spyOn(child!, 'kill');
    await wait('its begin', () => begun() !== undefined && child?.connected === false);
    vi.advanceTimersByTime(2200);
    expect(killed).not.toHaveBeenCalled();
    expect(child?.signalCode).toBeNull();
  });

  it('goes without one that cannot be started', async () => {
    const spare = spareOf(() => {
      throw new Error('no more processes');
    });
    spare.keepAfter(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(spare.take([1])).toBeUndefined();
    const absent = spareOf(() => spawn(join(folder, 'absent')));
    absent.keepAfter(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(absent.take([1])).toBeUndefined();
    await absent.end();
  });
});
