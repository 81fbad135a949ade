// One child process that is started again whenever it dies, until it is told to stop.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';

const firstDelayMilliseconds = 200;
const greatestDelayMilliseconds = 5000;
/** A part that ran this long was healthy, and so was one that ended as it was asked to: the next starts at once. */
const healthySeconds = 10;

export interface PartOptions {
  readonly name: string;
  /** @param endedProcess the number of the process before it, which has ended; none at the first start. */
  readonly spawn: (endedProcess?: number) => ChildProcess;
  readonly stopSignal: NodeJS.Signals;
  /** After this the part is killed. */
  readonly stopTimeoutSeconds: number;
  readonly log: Logger;
}

export class SupervisedPart {
  readonly #options: PartOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: PartOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  start(): void {
    this.#loop ??= this.#keepRunning();
  }

  /** Asks the process to stop, kills it when it does not, and starts it no more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child?.exitCode === null && child.signalCode === null) {
      const { stopSignal, stopTimeoutSeconds, log, name } = this.#options;
      child.kill(stopSignal);
      const timer = setTimeout(() => {
        log.warn({ name }, 'did not stop in time and is killed');
        child.kill('SIGKILL');
      }, stopTimeoutSeconds * 1000);
      await this.#loop;
      clearTimeout(timer);
    }
    await this.#loop;
  }

  async #keepRunning(): Promise<void> {
    const { name, spawn, log } = this.#options;
    const { signal } = this.#stopping;
    let delayMilliseconds = firstDelayMilliseconds;
    let endedProcess: number | undefined;
    while (!signal.aborted) {
      const startedAt = Date.now();
      const child = spawn(endedProcess);
      this.#child = child;
      // A program that cannot be started at all ends with an error instead of an exit.
      const ended = await once(child, 'exit').catch((error: unknown) => [error]);
      if (this.#stopping.signal.aborted) return;
      endedProcess = child.pid;
      log.warn({ name, ended: ended.map(String) }, 'ended and is started again');
      const wasHealthy = child.exitCode === 0 || Date.now() - startedAt > healthySeconds * 1000;
      if (wasHealthy) delayMilliseconds = firstDelayMilliseconds;
      // Stopping ends the wait early.
      await delay(delayMilliseconds, undefined, { signal }).catch(() => undefined);
      delayMilliseconds = Math.min(greatestDelayMilliseconds, delayMilliseconds * 2);
    }
  }
}
