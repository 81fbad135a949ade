// Runs an exported model over examples, in a thread of its own.
import { allEnded } from '../../waiting/all-ended.ts';
import type { ProviderChoice } from '../job.ts';
import { startInferenceThread, type InferenceClient } from '../runtime/inference-client.ts';
import { collectBatch, planBatches, type InferenceExamples, type ModelLimits } from './batching.ts';
import { ResultRows, type InferenceResult } from './result-rows.ts';

/** Batches given to the thread at a time: while one is computed the next one is there. */
const batchesAhead = 2;

export interface InferenceOptions {
  /** Threads within an operator. */
  readonly threads: number;
  readonly provider: ProviderChoice;
  /** Which of several CUDA devices, counted from 0, which is the default. */
  readonly deviceNumber?: number;
  readonly limits: ModelLimits;
}

interface RunOptions {
  /** Ends the run after the batches in progress; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Inference {
  /** What the session runs on. */
  readonly provider: 'cpu' | 'cuda';
  /**
   * The logits of all examples. Several runs may go on at a time; their batches take turns.
   * @throws CodedError `sequence_too_long`, `model_incompatible` when the model cannot take an example; `engine_failed`,
   * `out_of_memory`; the reason of `signal` when that is aborted
   */
  run(examples: InferenceExamples, options?: RunOptions): Promise<InferenceResult>;
  /** Whether runs can be asked for: false once it was closed or its thread has ended. */
  isOpen(): boolean;
  /** Frees the session, after the batches in progress. What runs is rejected. */
  close(): Promise<void>;
}

/**
 * Opens an exported model.
 * @param model bytes of an ONNX file; they move to the thread, and the array is empty afterwards.
 * @throws CodedError `engine_failed` when the model or the provider is refused, `out_of_memory`
 */
export async function openInference(
  model: Uint8Array<ArrayBuffer>,
  { threads, provider, deviceNumber = 0, limits }: InferenceOptions,
): Promise<Inference> {
  // A view of a larger buffer is copied, so that nothing else that lives in that buffer moves with it.
  const whole = model.byteLength === model.buffer.byteLength ? model : new Uint8Array(model);
  const client = await startInferenceThread({ model: whole, threads, provider, deviceNumber });
  return {
    provider: client.provider,
    run: (examples, options = {}) => runBatches(client, examples, limits, options),
    isOpen: () => client.isOpen(),
    close: () => client.close(),
  };
}

async function runBatches(
  client: InferenceClient,
  examples: InferenceExamples,
  limits: ModelLimits,
  { signal, onProgress }: RunOptions,
): Promise<InferenceResult> {
  const batches = planBatches(examples).values();
  const rows = new ResultRows(examples);
  let done = 0;
  let over = false;
  const lane = async (): Promise<void> => {
    try {
      for (const indices of batches) {
        if (over) return;
        signal?.throwIfAborted();
        rows.place(indices, await client.compute(collectBatch(examples, indices, limits)));
        done += indices.length;
        onProgress?.(done, examples.count);
      }
    } finally {
      over = true;
    }
  };
  // Lanes share the batches. All have ended before the run does, so that nothing of it is computed afterwards.
  await allEnded(Array.from({ length: batchesAhead }, lane));
  return rows.finish();
}
