// Exports a model in a thread of its own: on the main one it would hold up heartbeats and the stop of the worker for seconds.
import { Worker } from 'node:worker_threads';
import { CodedError } from '../../error.ts';
import { threadLocation } from '../../thread-location.ts';
import type { InferenceModel } from '../inference/inference-model.ts';
import type { ExportReply } from './export-thread.ts';
import { brokenThread, errorOf } from './thread-failure.ts';

/**
 * The bytes of an ONNX file. The thread gets a copy of the tensors, which is gone with it.
 *
 * @param signal ends the thread.
 * @throws CodedError `model_incompatible`, `not_supported` over 2 GiB, `out_of_memory`, `engine_failed`; the reason of
 * `signal` when that is aborted.
 */
export async function exportInThread(
  model: InferenceModel,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  signal.throwIfAborted();
  const worker = new Worker(threadLocation('training/runtime/export-thread'), { execArgv: [] });
  let end: () => void = () => undefined;
  try {
    const reply = await new Promise<ExportReply | 'aborted'>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (cause) => reject(brokenThread('The thread that exports', cause)));
      worker.once('exit', () =>
        reject(new CodedError('engine_failed', 'The thread that exports has ended.')),
      );
      end = () => resolve('aborted');
      signal.addEventListener('abort', end);
      worker.postMessage(model);
    });
    signal.throwIfAborted();
    if (reply === 'aborted') throw new Error('a signal ended the export without being aborted');
    if (reply.kind === 'failed') throw errorOf(reply.failure);
    return reply.bytes;
  } finally {
    signal.removeEventListener('abort', end);
    // No native code runs in it, so that it can be ended anywhere.
    await worker.terminate();
  }
}
