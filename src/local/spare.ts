// The next process of a part, started before the last one has died, so that what it needs is loaded when it is wanted.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { want } from '../spare-process.ts';

/** One that is taken begins within this, far less than a healthy process runs, or hangs. */
const beginTimeoutSeconds = 5;

/** Holds at most one process that stands by. */
export class Spare {
  readonly #spawn: () => ChildProcess;
  readonly #beginTimeoutSeconds: number;
  #process: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param spawn starts a process that waits until it is wanted. */
  constructor(spawn: () => ChildProcess, timeoutSeconds = beginTimeoutSeconds) {
    this.#spawn = spawn;
    this.#beginTimeoutSeconds = timeoutSeconds;
  }

  /** Has one started after so many seconds, unless there is one. One that dies is not replaced until this is called again. */
  prepareAfter(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#process !== undefined && isAlive(this.#process)) return;
      try {
        this.#process = this.#spawn();
        // One that cannot be started is none.
        this.#process.once('error', () => undefined);
      } catch {
        this.#process = undefined;
      }
    }, seconds * 1000);
  }

  /** Lets it begin in the place of these processes; kills it where it does not. @returns it, or nothing where none stands by. */
  take(endedProcesses: readonly number[]): ChildProcess | undefined {
    clearTimeout(this.#timer);
    const spare = this.#process;
    this.#process = undefined;
    if (spare === undefined || !isAlive(spare)) return undefined;
    want(spare, endedProcesses);
    const timer = setTimeout(() => spare.kill('SIGKILL'), this.#beginTimeoutSeconds * 1000);
    // The channel closes as it begins, or ends.
    spare.once('disconnect', () => clearTimeout(timer));
    return spare;
  }

  /** Ends it, if there is one. It has nothing to lose. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    const spare = this.#process;
    this.#process = undefined;
    if (spare === undefined || !isAlive(spare)) return;
    spare.kill('SIGKILL');
    await once(spare, 'exit');
  }
}

const isAlive = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null;
