// Asks a thread for prepared runs, one ahead of the session, so that the session never waits for data.
import { Worker } from 'node:worker_threads';
import { CodedError, type ErrorCode } from '../../error.ts';
import type { ExampleSource } from '../job.ts';
import type { PlannedGraph, PlannedJob, PreparedRun } from '../step-planner.ts';
import type { Pace } from './run-length.ts';
import { threadLocation } from './thread-location.ts';

/** What the thread works from. */
export interface PreparerTask {
  readonly job: PlannedJob & { readonly examples: ExampleSource };
  readonly graph: PlannedGraph;
}

/** Steps counted from 0: from `first` up to, not including, `end`, as many as make one run. */
export interface RunRequest {
  readonly first: number;
  readonly end: number;
  readonly pace: Pace;
}

export type PreparedMessage =
  | { readonly kind: 'prepared'; readonly run: PreparedRun }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

export class StepPreparer {
  private readonly worker: Worker;

  constructor(task: PreparerTask) {
    this.worker = new Worker(threadLocation('preparer-thread'), { workerData: task, execArgv: [] });
  }

  /**
   * Asks for one run. Runs come in the order in which they were asked for.
   * @throws CodedError what reading an example throws; `engine_failed` when the thread fails
   */
  request(request: RunRequest): Promise<PreparedRun> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.worker.off('message', onMessage);
        this.worker.off('error', onError);
        act();
      };
      const onMessage = (message: PreparedMessage): void =>
        settle(() => {
          if (message.kind === 'prepared') resolve(message.run);
          else reject(new CodedError(message.code, message.message));
        });
      const onError = (error: Error): void =>
        settle(() => reject(new CodedError('engine_failed', error.message, { cause: error })));
      this.worker.on('message', onMessage);
      this.worker.on('error', onError);
      this.worker.postMessage(request);
    });
  }

  /** Ends the thread when it has done what it was asked for. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.worker.once('exit', () => resolve());
      this.worker.postMessage('end');
    });
  }
}
