// Ends a process whose engine hangs. A thread inside native code cannot be ended from outside, and everything else here
// would wait for it: Temporal gives the attempt to another worker, and whoever runs this one starts it again.
import type { Context } from '@temporalio/activity';
import type { ActivityDependencies } from './dependencies.ts';

/** The engine may be silent for this many times as long as Temporal lets the activity be silent. */
const patience = 1.5;
/** Silence is counted in so many parts: a process that was stopped, and goes on, finds one part over and not all. */
const parts = 10;

/** Waits for signs of life of one attempt's engine, and ends the process when they stay away. */
export class Watchdog {
  readonly #dependencies: Pick<ActivityDependencies, 'endProcess' | 'log'>;
  readonly #limitMilliseconds: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** An activity without a heartbeat time-out is not watched. */
  constructor(
    dependencies: Pick<ActivityDependencies, 'endProcess' | 'log'>,
    { info }: { readonly info: Pick<Context['info'], 'heartbeatTimeoutMs'> },
  ) {
    this.#dependencies = dependencies;
    const { heartbeatTimeoutMs } = info;
    this.#limitMilliseconds = heartbeatTimeoutMs === undefined ? undefined : patience * heartbeatTimeoutMs;
  }

  /** Begins to wait for a sign of the engine, or begins anew. */
  watch(): void {
    this.rest();
    const limitMilliseconds = this.#limitMilliseconds;
    if (limitMilliseconds === undefined) return;
    let left = parts;
    this.#timer = setInterval(() => {
      left -= 1;
      if (left === 0) this.#end(limitMilliseconds);
    }, limitMilliseconds / parts);
  }

  /** Nothing is expected of the engine: it has ended, or waits for us. */
  rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #end(limitMilliseconds: number): void {
    this.rest();
    const { log, endProcess } = this.#dependencies;
    log.fatal({ limitMilliseconds }, 'the engine hangs: the process ends, since its thread cannot be ended');
    endProcess();
  }
}
