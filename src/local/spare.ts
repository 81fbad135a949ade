// The next process of a part, started before the last one has died, so that what it needs is loaded when it is activated.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { activate } from '../spare-process.ts';

/** One that is taken begins within this, far less than a healthy process runs, or hangs. */
const beginTimeoutSeconds = 5;

/** Keeps at most one process that stands by. */
export class Spare {
  readonly #spawn: () => ChildProcess;
  readonly #beginTimeoutSeconds: number;
  #process: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param spawn starts a process that waits until it is activated. */
  constructor(spawn: () => ChildProcess, timeoutSeconds = beginTimeoutSeconds) {
    this.#spawn = spawn;
    this.#beginTimeoutSeconds = timeoutSeconds;
  }

  /** Has one started after so many seconds, unless there is one; and again after as many whenever it dies, or cannot be started. */
  keepAfter(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#process !== undefined) return;
      try {
        const spare = this.#spawn();
        this.#process = spare;
        const lost = (): void => {
          if (this.#process !== spare) return;
          this.#process = undefined;
          this.keepAfter(seconds);
        };
        spare.once('exit', lost).once('error', lost);
      } catch {
        this.keepAfter(seconds);
      }
    }, seconds * 1000);
  }

  /** Lets it begin in the place of these processes; kills it where it does not. @returns it, or nothing where none stands by. */
  take(endedProcesses: readonly number[]): ChildProcess | undefined {
    clearTimeout(this.#timer);
    const spare = this.#process;
    this.#process = undefined;
    if (spare === undefined || !isAlive(spare)) return undefined;
    activate(spare, endedProcesses);
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
