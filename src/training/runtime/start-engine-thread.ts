// Starts the engine's thread and turns every way in which it can fail into one coded error.
import { Worker } from 'node:worker_threads';
import { CodedError } from '../../error.ts';
import { threadLocation } from '../../thread-location.ts';
import { brokenThread, errorOf } from './thread-failure.ts';
import { signal, type EngineMessage, type EngineTask } from './thread-protocol.ts';

export interface EngineListener {
  message(message: Exclude<EngineMessage, { kind: 'failed' }>): void;
  /** Called once at most. */
  failure(error: CodedError): void;
}

export interface EngineThread {
  /**
   * Ends the thread after the run of steps or batch in progress, which is short; the listener hears nothing more.
   * `Worker.terminate` is no way to do this: it tears the thread out of native code, which aborts the whole process.
   */
  end(): Promise<void>;
}

/**
 * Starts a thread for one task. `isLast` tells which message is its last: the listener hears that one when the thread
 * has ended, so that its memory is free and nothing of it runs beside what comes next.
 * @param moved buffers of the task that go over to the thread instead of being copied.
 */
export function startEngineThread(
  task: EngineTask,
  listener: EngineListener,
  isLast: (message: EngineMessage) => boolean,
  moved: readonly ArrayBuffer[] = [],
): EngineThread {
  const worker = new Worker(threadLocation('training/runtime/engine-thread'), {
    workerData: task,
    transferList: [...moved],
    execArgv: [],
  });
  let over = false;
  let last: Exclude<EngineMessage, { kind: 'failed' }> | undefined;
  const fail = (error: CodedError): void => {
    if (over) return;
    over = true;
    listener.failure(error);
  };
  worker.on('message', (message: EngineMessage) => {
    if (over) return;
    if (message.kind === 'failed') fail(errorOf(message));
    else if (isLast(message)) last = message;
    else listener.message(message);
  });
  worker.on('error', (cause) => fail(brokenThread("The engine's thread", cause)));
  worker.on('exit', (code) => {
    if (last === undefined || over)
      return fail(new CodedError('engine_failed', `The engine's thread ended early with code ${code}.`));
    over = true;
    listener.message(last);
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  return {
    end() {
      over = true;
      Atomics.store(task.signals, signal.abandon, 1);
      return exited;
    },
  };
}
