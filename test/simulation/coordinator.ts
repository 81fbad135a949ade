// What the training workflow does, in a simulation: attempts one after another until one completes the run.
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { CodedError, isUserFault } from '../../src/error.ts';
import { messageOf } from '../../src/thrown.ts';
import { databaseClient } from './database-client.ts';
import { SimulatedProcess, Violation } from './scheduler.ts';
import type { AttemptEnd, Worker } from './worker.ts';
import type { World } from './world.ts';

const heartbeatTimeoutMilliseconds = 10_000;
const retryMilliseconds = 2_000;
const lookMilliseconds = 500;
const answerMilliseconds = { least: 1, most: 200 } as const;

export type RunEnd =
  { readonly outcome: 'completed' } | { readonly outcome: 'failed'; readonly code: string };

/** Temporal keeps what the workflow knows: it does not die. */
export class Coordinator {
  readonly #world: World;
  readonly #workers: readonly Worker[];
  readonly #process = new SimulatedProcess('coordinator');
  attempts = 0;
  /** The worker that has the attempt now. */
  active: Worker | undefined;

  constructor(world: World, workers: readonly Worker[]) {
    this.#world = world;
    this.#workers = workers;
  }

  /** @throws what is no fault of the simulated world. */
  async run(): Promise<RunEnd> {
    const database = databaseClient(this.#world, this.#process);
    for (;;) {
      const end = await this.#attempt(await this.#idleWorker());
      if (end !== 'lost' && 'result' in end) {
        if (end.result.outcome === 'completed') return { outcome: 'completed' };
        continue;
      }
      if (end !== 'lost') {
        // A pause, and the resume after it.
        if (end.error instanceof CancelledFailure) continue;
        const code = codeOf(end.error);
        this.#world.scheduler.note(`the attempt failed: ${code}`);
        if (isUserFault(end.error)) return { outcome: 'failed', code };
      }
      await this.#persistently(() => database.attempts.revoke({ projectId: '', experimentId: '' }));
      await this.#sleep(retryMilliseconds);
    }
  }

  /** Gives up on whoever has the attempt, as when its heartbeats are lost. */
  lose: () => void = () => undefined;

  #attempt(worker: Worker): Promise<AttemptEnd | 'lost'> {
    const { scheduler, random } = this.#world;
    this.attempts += 1;
    this.active = worker;
    return new Promise((resolve) => {
      let isOver = false;
      let last = scheduler.now;
      const end = (how: AttemptEnd | 'lost', label: string): void => {
        if (isOver) return;
        isOver = true;
        this.active = undefined;
        scheduler.note(label);
        resolve(how);
      };
      this.lose = () => end('lost', `the coordinator gives up on ${worker.name}`);
      const heartbeat = (): void => {
        // Temporal tells whoever was given up, in answer to a heartbeat.
        if (isOver && random.isDue(0.3)) worker.cancel();
        last = scheduler.now;
      };
      const watch = (): void => {
        if (isOver) return;
        const left = last + heartbeatTimeoutMilliseconds - scheduler.now;
        if (left <= 0) this.lose();
        else scheduler.after(left, 'heartbeats are looked at', watch, { owner: this.#process });
      };
      watch();
      worker.run(heartbeat, (how) => {
        const wait = random.between(answerMilliseconds.least, answerMilliseconds.most);
        scheduler.after(wait, `an attempt ends on ${worker.name}`, () => end(how, endText(how)), {
          owner: this.#process,
        });
      });
    });
  }

  async #idleWorker(): Promise<Worker> {
    for (;;) {
      const idle = this.#workers.filter((worker) => worker.isIdle);
      if (idle.length > 0) return this.#world.random.pick(idle);
      await this.#sleep(lookMilliseconds);
    }
  }

  async #persistently(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        await this.#sleep(1_000);
      }
    }
  }

  #sleep(milliseconds: number): Promise<void> {
    return this.#world.scheduler.wait(this.#process, milliseconds, 'goes on');
  }
}

/** @throws Violation for a fault that no part of the simulation has: it is one of the code. */
function codeOf(error: unknown): string {
  if (error instanceof CodedError && error.code !== 'internal') return error.code;
  if (error instanceof ApplicationFailure) return error.type ?? 'internal';
  throw new Violation(`an attempt ended with what it should not: ${messageOf(error)}`);
}

const endText = (end: AttemptEnd): string =>
  'result' in end ? `the attempt ${end.result.outcome}` : `the attempt ended with ${messageOf(end.error)}`;
