// The entry of a thread that exports one model and ends: for a large model that takes seconds, most of all in int8.
import { parentPort } from 'node:worker_threads';
import { exportOnnx } from '../inference/export-onnx.ts';
import type { InferenceModel } from '../inference/inference-model.ts';
import { failureOf, type ThreadFailure } from './thread-failure.ts';

/** The one answer to the one message, which is the model. */
export type ExportReply =
  | { readonly kind: 'exported'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly failure: ThreadFailure };

const send = (reply: ExportReply, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(reply, [...transfer]);

parentPort?.once('message', (model: InferenceModel) => {
  try {
    const bytes = exportOnnx(model);
    send({ kind: 'exported', bytes }, [bytes.buffer]);
  } catch (error) {
    send({ kind: 'failed', failure: failureOf(error) });
  }
});
