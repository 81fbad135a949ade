import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { processesOf, stackVariable } from '../../src/local/process-identity.ts';
import { startOf } from '../../src/process-start.ts';
import { endLeftovers } from '../../src/local/leftover.ts';
import { SupervisedPart } from '../../src/local/supervised-part.ts';
import { until } from '../../src/local/until.ts';
import { createLogger } from '../../src/log.ts';

const log = createLogger('test', 'silent');
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

function part(program: string, stopTimeoutSeconds = 5): SupervisedPart {
  return new SupervisedPart({
    name: 'part',
    spawn: () => run(program),
    stopSignal: 'SIGTERM',
    stopTimeoutSeconds,
    log,
  });
}

const wait = (condition: () => boolean): Promise<void> =>
  until(condition, { timeoutSeconds: 10, what: 'the condition' });
const isAlive = (child: ChildProcess | undefined): boolean =>
  child?.pid !== undefined && startOf(child.pid) !== undefined;

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

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

  it('is started again later and later when it fails, and at once when it ended as it was asked to', async () => {
    const secondsOf = async (program: string): Promise<number> => {
      const supervised = part(program);
      const before = started.length;
      const beganAt = Date.now();
      supervised.start();
      await wait(() => started.length === before + 5);
      const seconds = (Date.now() - beganAt) / 1000;
      await supervised.stop();
      return seconds;
    };
    // Four waits: of 0.2, 0.4, 0.8 and 1.6 s, or of 0.2 s each.
    const failing = await secondsOf('process.exit(1)');
    const orderly = await secondsOf('process.exit(0)');
    expect(failing - orderly).toBeGreaterThan(1.5);
  });

  it('is told which process it takes the place of', async () => {
    const told: (number | undefined)[] = [];
    const supervised = new SupervisedPart({
      name: 'part',
      spawn: (endedProcess) => {
        told.push(endedProcess);
        return run(idle);
      },
      stopSignal: 'SIGTERM',
      stopTimeoutSeconds: 5,
      log,
    });
    supervised.start();
    await wait(() => isAlive(started[0]));
    started[0]?.kill('SIGKILL');
    await wait(() => started.length === 2);
    await supervised.stop();
    expect(told).toEqual([undefined, started[0]?.pid]);
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
    const supervised = new SupervisedPart({
      name: 'missing',
      spawn: () => spawn('/nonexistent/program'),
      stopSignal: 'SIGTERM',
      stopTimeoutSeconds: 1,
      log,
    });
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
