// Asks a thread for prepared runs, one ahead of the session, so that the session never waits for data.
import { Worker } from 'node:worker_threads';
import { CodedError } from '../../error.ts';
import { threadLocation } from '../../thread-location.ts';
import type { ExampleSource } from '../job.ts';
import type { PlannedGraph, PlannedJob, PreparedRun } from '../step-planner.ts';
import type { Pace } from './run-length.ts';
import { brokenThread, errorOf, type ThreadFailure } from './thread-failure.ts';

/** What the thread works from. */
export interface PreparerTask {
  readonly job: PlannedJob & { readonly examples: ExampleSource };
  readonly graph: PlannedGraph;
}

/** Steps counted from 0: from `first` up to, not including, `end`, as many as make one run of at most so many seconds. */
export interface RunRequest {
  readonly first: number;
  readonly end: number;
  readonly seconds: number;
  readonly pace: Pace;
}

export type PreparedMessage =
  { readonly kind: 'prepared'; readonly run: PreparedRun } | ({ readonly kind: 'failed' } & ThreadFailure);

/** The main side of the thread that prepares runs: one request at a time. */
export class StepPreparer {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  /** Why there will be no more runs. */
  #fault: CodedError | undefined;
  #waiting: { resolve(run: PreparedRun): void; reject(error: CodedError): void } | undefined;

  constructor(task: PreparerTask) {
    this.#worker = new Worker(threadLocation('training/runtime/preparer-thread'), {
      workerData: task,
      execArgv: [],
    });
    this.#worker.on('message', (message: PreparedMessage) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (message.kind === 'prepared') waiting?.resolve(message.run);
      else waiting?.reject(errorOf(message));
    });
    this.#worker.on('error', (cause) => this.#fail(brokenThread('The thread that prepares steps', cause)));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail(new CodedError('engine_failed', 'The thread that prepares steps has ended.'));
        resolve();
      });
    });
  }

  /**
   * Asks for one run; to be called when the one before has come.
   * @throws CodedError what reading an example throws; `engine_failed` or `out_of_memory` when the thread fails
   */
  request(request: RunRequest): Promise<PreparedRun> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(request);
    });
  }

  /** Ends the thread when it has done what it was asked for. */
  async close(): Promise<void> {
    this.#worker.postMessage('end');
    await this.#exited;
  }

  #fail(error: CodedError): void {
    this.#fault ??= error;
    this.#waiting?.reject(this.#fault);
    this.#waiting = undefined;
  }
}
