// Evaluates a model on labelled examples, in a thread of its own.
import { startEngineThread, type EngineThread } from './runtime/start-engine-thread.ts';
import { createSignals, type EvaluationTask } from './runtime/thread-protocol.ts';

export interface EvaluationJob extends EvaluationTask {
  /** Ends the evaluation; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called before each batch, the first time when the session is open. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Computes the logits of every example, dropout off: `[examples, labels]`, or `[all tokens, labels]` for token
 * classification, in the order of the examples.
 * @throws CodedError `sequence_too_long` or `model_incompatible` when the model cannot take an example; `engine_failed` when the thread fails; the reason of `signal` when that is aborted
 */
export function evaluate(job: EvaluationJob): Promise<Float32Array> {
  const { signal, onProgress, ...task } = job;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = (): void => {
      void thread.end().then(() => settle(() => reject(signal?.reason as Error)));
    };
    const settle = (act: () => void): void => {
      signal?.removeEventListener('abort', abort);
      act();
    };
    const thread: EngineThread = startEngineThread(
      { kind: 'evaluation', task, signals: createSignals() },
      {
        message: (message) => {
          if (message.kind === 'progress') onProgress?.(message.done, message.total);
          if (message.kind === 'evaluated') settle(() => resolve(message.logits));
        },
        failure: (error) => settle(() => reject(error)),
      },
      (message) => message.kind === 'evaluated',
    );
    signal?.addEventListener('abort', abort);
  });
}
