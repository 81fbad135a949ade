import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { processesOf, stackVariable } from '../../src/local/process-identity.ts';
import { startOf } from '../../src/machine/process-start.ts';
import { endLeftovers } from '../../src/local/leftover.ts';
import { SupervisedPart, type PartOptions } from '../../src/local/supervised-part.ts';
import { until } from '../../src/local/until.ts';

const logFile = join(mkdtempSync(join(tmpdir(), 'part-')), 'part.log');
const told: string[] = [];
const idle = 'setInterval(() => {}, 1000);';
const stubborn = `process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); process.send?.('ready'); ${idle}`;
const started: ChildProcess[] = [];

function run(program: string, environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, ['-e', program], {
    env: environment,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  started.push(child);
  return child;
}

function supervise(spawnPart: PartOptions['spawn'], options: Partial<PartOptions> = {}): SupervisedPart {
  return new SupervisedPart({
    name: 'part',
    spawn: spawnPart,
    stopSignal: 'SIGTERM',
    stopTimeoutSeconds: 5,
    ...options,
    logFile,
    tell: (line) => told.push(line),
  });
}

const part = (program: string, stopTimeoutSeconds = 5): SupervisedPart =>
  supervise(() => run(program), { stopTimeoutSeconds });

/** Milliseconds from each end of a program to its next start, as often as asked for. */
async function waitsOf(program: string, count: number): Promise<readonly number[]> {
  const waits: number[] = [];
  let endedAt: number | undefined;
  const supervised = supervise(() => {
    if (endedAt !== undefined) waits.push(performance.now() - endedAt);
    const child = run(program);
    child.once('exit', () => (endedAt = performance.now()));
    return child;
  });
  supervised.start();
  await wait(() => waits.length === count);
  await supervised.stop();
  return waits;
}

const wait = (condition: () => boolean): Promise<void> =>
  until(condition, { timeoutSeconds: 10, what: 'the condition' });
const isAlive = (child: ChildProcess | undefined): boolean =>
  child?.pid !== undefined && startOf(child.pid) !== undefined;

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  told.length = 0;
});

afterAll(() => rmSync(dirname(logFile), { recursive: true }));

describe('a supervised part', () => {
  it('is started again when it is killed, every time', async () => {
    const supervised = part(idle);
    supervised.start();
    for (let death = 1; death <= 3; death += 1) {
      await wait(() => started.length === death && isAlive(started[death - 1]));
      started[death - 1]?.kill('SIGKILL');
    }
    await wait(() => started.length === 4);
    await supervised.stop();
    expect(started.some(isAlive)).toBe(false);
  });

  it('is started again at once after it ended as it was asked to, and later and later when it fails or ends too soon', async () => {
    const endOf: Record<string, string> = {
      orderly: 'setTimeout(() => process.exit(0), 1100)',
      failing: 'setTimeout(() => process.exit(1), 1100)',
      soon: 'process.exit(0)',
    };
    const waits = await Promise.all(Object.values(endOf).map((program) => waitsOf(program, 3)));
    const [orderly = [], failing = [], soon = []] = waits;
    expect(Math.max(...orderly)).toBeLessThan(190);
    for (const [first = 0, second = 0, third = 0] of [failing, soon]) {
      expect(first).toBeGreaterThan(190);
      expect(second).toBeGreaterThan(390);
      expect(third).toBeGreaterThan(790);
    }
  });

  it('counts how long it ran by no clock that can be put forward', async () => {
    const supervised = part(idle);
    supervised.start();
    await wait(() => isAlive(started[0]));
    const later = Date.now() + 3_600_000;
    const clock = vi.spyOn(Date, 'now').mockReturnValue(later);
    const ended = once(started[0]!, 'exit');
    started[0]?.kill('SIGKILL');
    await ended;
    clock.mockRestore();
    const endedAt = performance.now();
    await wait(() => started.length === 2);
    expect(performance.now() - endedAt).toBeGreaterThan(190);
    await supervised.stop();
  });

  it('is told which processes it takes the place of: all since one that ran for 10 s', async () => {
    const taken: (readonly number[])[] = [];
    const supervised = supervise((endedProcesses) => {
      taken.push(endedProcesses);
      return run(idle);
    });
    supervised.start();
    const endNext = async (): Promise<void> => {
      const count = started.length;
      await wait(() => isAlive(started[count - 1]));
      started[count - 1]?.kill('SIGKILL');
      await wait(() => started.length === count + 1);
    };
    await endNext();
    await endNext();
    const soon = performance.now() + 10_000;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(soon);
    await endNext();
    clock.mockRestore();
    await supervised.stop();
    const [first, second, third] = started.map(({ pid }) => pid);
    expect(taken).toEqual([[], [first], [first, second], [third]]);
  });

  it('is followed by its spare when it fails after it has been healthy, and by none when it ends as it was asked to', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const spares: ChildProcess[] = [];
    const ready: Promise<unknown>[] = [];
    const supervised = supervise(() => run(idle), {
      spawnSpare: () => {
        const spare = run(
          `process.on('SIGTERM', () => process.exit(0)); process.once('message', () => process.disconnect());
          process.send('ready'); ${idle}`,
        );
        spares.push(spare);
        ready.push(once(spare, 'message'));
        return spare;
      },
    });
    supervised.start();
    await wait(() => isAlive(started[0]));
    vi.advanceTimersByTime(9_900);
    expect(spares).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(spares.length).toBe(1);
    const [first] = spares;
    const wanted = vi.spyOn(first!, 'send');
    started[0]?.kill('SIGKILL');
    await wait(() => wanted.mock.calls.length === 1);
    expect(wanted.mock.calls[0]?.[0]).toBe(String(started[0]?.pid));
    expect(started.length).toBe(2);
    await wait(() => first?.connected === false);
    vi.advanceTimersByTime(10_000);
    expect(spares.length).toBe(2);
    await wait(() => isAlive(spares[1]));
    await ready[0];
    first?.kill('SIGTERM');
    await wait(() => started.length === 4);
    expect(isAlive(spares[1])).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(spares.length).toBe(3);
    await supervised.stop();
    expect(started.some(isAlive)).toBe(false);
  });

  it('is started again when it could not be started at all, and counts no process for that', async () => {
    const taken: (readonly number[])[] = [];
    const supervised = supervise((endedProcesses) => {
      taken.push(endedProcesses);
      if (taken.length === 1) throw new Error('EAGAIN');
      return run(idle);
    });
    supervised.start();
    await wait(() => isAlive(started[0]));
    await supervised.stop();
    expect(taken).toEqual([[], []]);
    expect(told).toEqual([`part could not be started: EAGAIN and is started again (log: ${logFile})`]);
  });

  it.each([
    ['process.exit(3)', 'part ended with status 3', 'It is full. No space left.'],
    [
      "process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)",
      'part was ended by SIGKILL',
      undefined,
    ],
  ])('says how it ended, its last fatal words and where its log is: %s', async (program, how, words) => {
    const fatal = (msg: string, cause?: string) => `${JSON.stringify({ level: 60, msg, cause })}\n`;
    appendFileSync(logFile, fatal('Of an earlier process.'));
    const supervised = supervise(() => {
      if (words !== undefined && started.length === 0)
        appendFileSync(
          logFile,
          `${fatal('Not the last.')}${fatal('It is full.', 'No space left.')}{"level":30}\n`,
        );
      return run(started.length === 0 ? program : idle);
    });
    supervised.start();
    await wait(() => told.length > 0);
    const reason = words === undefined ? '' : `: ${words}`;
    expect(told).toEqual([`${how} and is started again${reason} (log: ${logFile})`]);
    expect(supervised.lastEnd).toBe(`${how}${reason} (log: ${logFile})`);
    await supervised.stop();
  });

  it('that fails in the same way again and again is told of once, and again where it fails otherwise', async () => {
    const supervised = supervise(() => run(`process.exit(${started.length < 2 ? 1 : 2})`));
    supervised.start();
    await wait(() => told.length === 2);
    expect(started.length).toBeGreaterThanOrEqual(3);
    expect(told.map((line) => line.slice(0, 'part ended with status 1'.length))).toEqual([
      'part ended with status 1',
      'part ended with status 2',
    ]);
    await supervised.stop();
  });

  it('is not started again after it was stopped', async () => {
    const supervised = part(idle);
    supervised.start();
    await supervised.stop();
    expect(started).toHaveLength(1);
    expect(isAlive(started[0])).toBe(false);
  });

  it('is killed when it does not stop in time', async () => {
    const supervised = part(stubborn, 0.3);
    supervised.start();
    await once(started[0]!, 'message');
    await supervised.stop();
    expect(started[0]?.signalCode).toBe('SIGKILL');
    expect(isAlive(started[0])).toBe(false);
  });

  it('may be a program that does not exist: stopping still ends', async () => {
    const supervised = supervise(() => spawn('/nonexistent/program'), { stopTimeoutSeconds: 1 });
    supervised.start();
    await supervised.stop();
  });
});

describe('what an earlier stack left running', () => {
  it('is found by its data directory and ended, also when it ignores requests to stop; others are left alone', async () => {
    const directory = `/nowhere/${process.pid}`;
    const leftovers = [
      run(idle, { [stackVariable]: directory }),
      run(stubborn, { [stackVariable]: directory }),
    ];
    const other = run(idle, { [stackVariable]: `${directory}/other` });
    await wait(() => processesOf(directory).length === 2);
    expect(await endLeftovers(directory)).toBe(2);
    expect(leftovers.some(isAlive)).toBe(false);
    expect(isAlive(other)).toBe(true);
  });
});
