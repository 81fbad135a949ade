// Does to a stack what a schedule says, and notes what came of it.
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from '../../src/machine/process-start.ts';
import { until } from '../../src/local/until.ts';
import type { DisturbedStack } from './disturbed-stack.ts';
import type { LimitedDisk } from './limited-disk.ts';
import type { ClockTarget, Fault, ProcessTarget, ScheduledFault, StoreFault } from './schedule.ts';
import type { Vitality } from './vitality.ts';

/** How long a fault waits for its target, which may be about to be started again. */
const targetTimeoutSeconds = 10;
/**
 * SIGTERM leaves a worker time to keep its last steps. PostgreSQL waits with its end for that of every session, and takes no
 * new one meanwhile: as where services are stopped in earnest, SIGKILL follows.
 */
const endTimeoutSeconds = 25;
const killSeconds = 5;
const recoveryTimeoutSeconds = 120;

export interface InjectedFault {
  readonly scheduled: ScheduledFault;
  /** `false` where the machine or the moment had nothing to hurt. */
  readonly wasInjected: boolean;
  readonly processesEnded: number;
  /** From the end of the fault until its target worked again; `null` when it did not, or was not hurt. */
  readonly recoverySeconds: number | null;
}

export class Injector {
  readonly #stack: DisturbedStack;
  readonly #vitality: Vitality;

  constructor(stack: DisturbedStack, vitality: Vitality) {
    this.#stack = stack;
    this.#vitality = vitality;
  }

  /** Injects every fault at its time, also while others last; resolves when the last has ended and is recovered from. */
  async run(
    schedule: readonly ScheduledFault[],
    onInjected: (fault: InjectedFault) => void,
  ): Promise<readonly InjectedFault[]> {
    const start = performance.now();
    const running: Promise<InjectedFault>[] = [];
    for (const scheduled of schedule) {
      await delay(Math.max(0, start + scheduled.atSeconds * 1000 - performance.now()));
      running.push(
        this.#inject(scheduled).then((injected) => {
          onInjected(injected);
          return injected;
        }),
      );
    }
    return Promise.all(running);
  }

  async #inject(scheduled: ScheduledFault): Promise<InjectedFault> {
    const processesEnded = await this.#hurt(scheduled, scheduled.durationSeconds);
    if (processesEnded === undefined)
      return { scheduled, wasInjected: false, processesEnded: 0, recoverySeconds: null };
    const recoverySeconds = await this.#recovery(scheduled);
    return { scheduled, wasInjected: true, processesEnded, recoverySeconds };
  }

  /** @returns how many processes it ended; `undefined` when there was nothing to hurt. */
  async #hurt(fault: Fault, seconds: number): Promise<number | undefined> {
    switch (fault.fault) {
      case 'SIGKILL':
      case 'SIGTERM':
        return this.#end(fault.target, fault.fault);
      case 'SIGSTOP':
        return this.#holdStill(fault.target, seconds);
      case 'full':
        return this.#fill(this.#stack.disks[fault.target], seconds);
      case 'clock jump':
        return this.#moveClock(fault.target, fault.jumpSeconds, seconds);
      case 'slow':
      case 'status 500':
      case 'status 503':
      case 'cut answer':
      case 'cut request':
      case 'twice':
        return this.#disturbStore(fault.fault, seconds);
    }
  }

  async #fill(disk: LimitedDisk, seconds: number): Promise<number | undefined> {
    if (!disk.isLimited) return undefined;
    await disk.fill(seconds);
    return 0;
  }

  async #moveClock(target: ClockTarget, jumpSeconds: number, seconds: number): Promise<number> {
    const file = join(this.#stack.clockDirectory, target === 'api' ? 'server' : target);
    await writeFile(file, String(jumpSeconds));
    await delay(seconds * 1000);
    await rm(file, { force: true });
    return 0;
  }

  async #disturbStore(fault: StoreFault, seconds: number): Promise<number | undefined> {
    const { proxy } = this.#stack;
    if (proxy === undefined) return undefined;
    proxy.fault = fault;
    await delay(seconds * 1000);
    // Another may have begun meanwhile, which goes on.
    if (proxy.fault === fault) proxy.fault = undefined;
    return 0;
  }

  async #end(target: ProcessTarget, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | undefined> {
    const identities = (await this.#present(target)).map((id) => ({ id, start: startOf(id) }));
    const signalled = identities.filter(({ id, start }) => start !== undefined && send(id, signal));
    if (signalled.length === 0) return undefined;
    const hasEnded = ({ id, start }: (typeof signalled)[number]): boolean => startOf(id) !== start;
    await until(() => signalled.every(hasEnded), {
      timeoutSeconds: endTimeoutSeconds,
      what: `the end of ${target}`,
    }).catch(() => signalled.forEach(({ id }) => send(id, 'SIGKILL')));
    await until(() => signalled.every(hasEnded), { timeoutSeconds: killSeconds, what: target });
    return signalled.filter(hasEnded).length;
  }

  async #holdStill(target: ProcessTarget, seconds: number): Promise<number | undefined> {
    const found = await this.#present(target);
    const all = target === 'postgres' ? [...found, ...found.flatMap(childrenOf)] : found;
    const stopped = all.filter((id) => send(id, 'SIGSTOP'));
    if (stopped.length === 0) return undefined;
    await delay(seconds * 1000);
    for (const id of stopped) send(id, 'SIGCONT');
    return 0;
  }

  async #present(target: ProcessTarget): Promise<number[]> {
    await until(() => this.#stack.processesOf(target).length > 0, {
      timeoutSeconds: targetTimeoutSeconds,
      what: target,
    }).catch(() => undefined);
    return this.#stack.processesOf(target);
  }

  /** A process that was started again must do its work; after all else, steps must be recorded again. */
  async #isWellAfter(fault: Fault): Promise<() => Promise<boolean>> {
    if (fault.fault !== 'SIGKILL' && fault.fault !== 'SIGTERM') return this.#vitality.advance();
    return () => this.#vitality.works(fault.target);
  }

  async #recovery(fault: Fault): Promise<number | null> {
    const start = performance.now();
    const isWell = await this.#isWellAfter(fault);
    try {
      await until(isWell, { timeoutSeconds: recoveryTimeoutSeconds, what: fault.target });
      return (performance.now() - start) / 1000;
    } catch {
      // Its time is over: the report says that it did not recover.
      return null;
    }
  }
}

/** @returns whether there was a process to send it to. */
function send(processId: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(processId, signal);
  } catch {
    // It has ended.
    return false;
  }
}

function childrenOf(processId: number): number[] {
  try {
    const list = readFileSync(`/proc/${processId}/task/${processId}/children`, 'utf8');
    return list.split(' ').filter(Boolean).map(Number);
  } catch {
    // Not Linux, or it has ended.
    return [];
  }
}
