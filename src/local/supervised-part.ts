// One child process that is started again whenever it dies, until it is told to stop.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../thrown.ts';
import { lastWords, sizeOf } from './last-words.ts';
import { Spare } from './spare.ts';

const firstDelayMilliseconds = 200;
const greatestDelayMilliseconds = 5000;
/** A part that ran this long was healthy, and so was one that ended as it was asked to, unless at once: the next starts without a wait. */
const healthySeconds = 10;
const orderlySeconds = 1;
/** In the time that so many die one after the other, whatever the first of them was at has been silent for too long. */
const mostEndedProcesses = 32;

/** Says one line to whoever ran the stack. */
export type Tell = (line: string) => void;

export interface PartOptions {
  readonly name: string;
  /** @param endedProcesses the numbers of the processes from the last on that ran for 10 s, all ended; none at the first start. */
  readonly spawn: (endedProcesses: readonly number[]) => ChildProcess;
  /** Starts a process that takes the place of one which failed as soon as it is told to; one is kept beside a healthy one. */
  readonly spawnSpare?: () => ChildProcess;
  readonly stopSignal: NodeJS.Signals;
  /** After this the part is killed. */
  readonly stopTimeoutSeconds: number;
  /** Where the part writes its log. */
  readonly logFile: string;
  readonly tell: Tell;
}

/** Runs one part of the stack, whose ends it tells and whose successors it tells of their predecessors. */
export class SupervisedPart {
  readonly #options: PartOptions;
  readonly #stopping = new AbortController();
  readonly #spare: Spare | undefined;
  #child: ChildProcess | undefined;
  #lastEnd: string | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: PartOptions) {
    this.#options = options;
    this.#spare = options.spawnSpare && new Spare(options.spawnSpare);
  }

  get name(): string {
    return this.#options.name;
  }

  /** How its last process ended that was not to end, with its last words and its log; `undefined` where none did. */
  get lastEnd(): string | undefined {
    return this.#lastEnd;
  }

  start(): void {
    this.#loop ??= this.#keepRunning();
  }

  /** Asks the process to stop, kills it when it does not, and starts it no more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const spareEnded = this.#spare?.end();
    const child = this.#child;
    let timer: NodeJS.Timeout | undefined;
    if (child?.exitCode === null && child.signalCode === null) {
      const { stopSignal, stopTimeoutSeconds, tell, name } = this.#options;
      child.kill(stopSignal);
      timer = setTimeout(() => {
        tell(`${name} did not stop within ${stopTimeoutSeconds} s and is killed.`);
        child.kill('SIGKILL');
      }, stopTimeoutSeconds * 1000);
    }
    await this.#loop;
    clearTimeout(timer);
    await spareEnded;
  }

  async #keepRunning(): Promise<void> {
    const { name, logFile, tell } = this.#options;
    const { signal } = this.#stopping;
    let delayMilliseconds = firstDelayMilliseconds;
    let endedProcesses: readonly number[] = [];
    while (!signal.aborted) {
      const loggedBefore = sizeOf(logFile);
      const { processId, ranLong, wasHealthy, ended } = await this.#runOnce(endedProcesses);
      const words = await lastWords(logFile, loggedBefore);
      if (this.#stopping.signal.aborted) return;
      const reason = `${words === undefined ? '' : `: ${words}`} (log: ${logFile})`;
      const lastEnd = `${name} ${ended}${reason}`;
      // One that fails again and again in the same way, without having run for long, is told once.
      if (wasHealthy || lastEnd !== this.#lastEnd) tell(`${name} ${ended} and is started again${reason}`);
      this.#lastEnd = lastEnd;
      // Whoever ran that long has seen to those before it; one that ended as it was asked to may not have come to it.
      endedProcesses = [...(ranLong ? [] : endedProcesses), ...processId].slice(-mostEndedProcesses);
      if (wasHealthy) {
        delayMilliseconds = firstDelayMilliseconds;
        continue;
      }
      // Stopping ends the wait early.
      await delay(delayMilliseconds, undefined, { signal }).catch(() => undefined);
      delayMilliseconds = Math.min(greatestDelayMilliseconds, delayMilliseconds * 2);
    }
  }

  /** @returns what has ended: no process where none could be started. */
  async #runOnce(endedProcesses: readonly number[]) {
    const beganAt = performance.now();
    try {
      const child = this.#spare?.take(endedProcesses) ?? this.#options.spawn(endedProcesses);
      this.#child = child;
      this.#spare?.keepAfter(healthySeconds);
      await once(child, 'exit');
      // It may have been asked to end so that another program can take its place: a spare has loaded the same one.
      if (child.exitCode === 0) await this.#spare?.end();
      const seconds = (performance.now() - beganAt) / 1000;
      return {
        processId: child.pid === undefined ? [] : [child.pid],
        ranLong: seconds >= healthySeconds,
        wasHealthy: seconds >= (child.exitCode === 0 ? orderlySeconds : healthySeconds),
        ended:
          child.signalCode === null
            ? `ended with status ${child.exitCode}`
            : `was ended by ${child.signalCode}`,
      };
    } catch (error) {
      // A program that cannot be started ends with an error instead of an exit, or at once.
      return {
        processId: [],
        ranLong: false,
        wasHealthy: false,
        ended: `could not be started: ${messageOf(error)}`,
      };
    }
  }
}
