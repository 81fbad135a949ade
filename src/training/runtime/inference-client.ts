// The main thread's side of an inference thread: batches in, logits out, and every way of failing as a coded error.
import { Worker } from 'node:worker_threads';
import { CodedError } from '../../error.ts';
import { threadLocation } from '../../thread-location.ts';
import type {
  BatchLogits,
  InferenceBatch,
  InferenceReply,
  InferenceRequest,
  InferenceThreadData,
} from './inference-messages.ts';
import { brokenThread, errorOf } from './thread-failure.ts';

export interface InferenceClient {
  readonly provider: 'cpu' | 'cuda';
  /**
   * Batches are computed in the order of the calls.
   * @throws CodedError `engine_failed`, `out_of_memory`
   */
  compute(batch: InferenceBatch): Promise<BatchLogits>;
  /** Whether batches are taken: false once it was closed or the thread has ended. */
  isOpen(): boolean;
  /**
   * Settles when the thread has ended, after the batches already given. `Worker.terminate` is no way to end it sooner: it
   * tears the thread out of native code, which aborts the whole process.
   */
  close(): Promise<void>;
}

interface Waiting {
  resolve(logits: BatchLogits): void;
  reject(error: CodedError): void;
}

interface Opening {
  opened(provider: 'cpu' | 'cuda'): void;
  failed(error: CodedError): void;
}

class ThreadLink {
  readonly #worker: Worker;
  readonly #opening: Opening;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #ended: CodedError | undefined;
  #batches = 0;

  constructor(worker: Worker, opening: Opening) {
    this.#worker = worker;
    this.#opening = opening;
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.on('message', (reply: InferenceReply) => this.#take(reply));
    worker.on('error', (cause) => this.#end(brokenThread('The inference thread', cause)));
    worker.on('exit', () => this.#end(new CodedError('engine_failed', 'The inference thread has ended.')));
  }

  #take(reply: InferenceReply): void {
    if (reply.kind === 'opened') this.#opening.opened(reply.provider);
    else if (reply.kind === 'notOpened') this.#end(errorOf(reply.failure));
    else {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.kind === 'logits') waiting?.resolve(reply.logits);
      else waiting?.reject(errorOf(reply.failure));
    }
  }

  #end(error: CodedError): void {
    this.#ended ??= error;
    this.#opening.failed(this.#ended);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  #send(request: InferenceRequest, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  compute(batch: InferenceBatch): Promise<BatchLogits> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#batches++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const { tokenIds, attentionMask, tokenTypes } = batch;
      this.#send({ kind: 'batch', id, batch }, [tokenIds.buffer, attentionMask.buffer, tokenTypes.buffer]);
    });
  }

  isOpen(): boolean {
    return this.#ended === undefined;
  }

  close(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = new CodedError('engine_failed', 'The inference session was closed.');
      this.#send({ kind: 'close' });
    }
    return this.#exited;
  }
}

/**
 * Starts a thread with a session of its own. The model's bytes move there: the array given is empty afterwards.
 * @throws CodedError `engine_failed`, `out_of_memory`
 */
export function startInferenceThread(data: InferenceThreadData): Promise<InferenceClient> {
  const worker = new Worker(threadLocation('training/runtime/inference-thread'), { execArgv: [] });
  worker.postMessage(data, [data.model.buffer]);
  return new Promise((resolve, reject) => {
    const link: ThreadLink = new ThreadLink(worker, {
      opened: (provider) =>
        resolve({
          provider,
          compute: (batch) => link.compute(batch),
          isOpen: () => link.isOpen(),
          close: () => link.close(),
        }),
      failed: reject,
    });
  });
}
