// An onnxruntime session over an exported model. It blocks its thread while it runs.
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { inferenceInput, inferenceOutput } from '../inference/inference-model.ts';
import type { BatchLogits, InferenceBatch, InferenceThreadData } from './inference-messages.ts';
import { createSession } from './session.ts';

export interface ExportedModelSession {
  readonly provider: 'cpu' | 'cuda';
  run(batch: InferenceBatch): Promise<BatchLogits>;
  /** Frees the memory of the session. */
  close(): Promise<void>;
}

/**
 * Opens a session on the provider asked for; 'auto' takes CUDA where it is there and else the CPU.
 * @throws Error when the provider is missing or the model is refused
 */
export async function openExportedModel(data: InferenceThreadData): Promise<ExportedModelSession> {
  const place = { deviceNumber: data.deviceNumber, graphCacheDirectory: null };
  const { session, provider } = await createSession(data.model, data.provider, data.threads, place);
  return wrap(session, provider);
}

function wrap(session: InferenceSession, provider: 'cpu' | 'cuda'): ExportedModelSession {
  const typed = session.inputNames.includes(inferenceInput.tokenTypes);
  return {
    provider,
    async run({ size, length, tokenIds, attentionMask, tokenTypes }) {
      const tensor = (data: BigInt64Array): Tensor => new Tensor('int64', data, [size, length]);
      const outputs = await session.run({
        [inferenceInput.tokenIds]: tensor(tokenIds),
        [inferenceInput.attentionMask]: tensor(attentionMask),
        ...(typed ? { [inferenceInput.tokenTypes]: tensor(tokenTypes) } : {}),
      });
      const logits = outputs[inferenceOutput];
      if (!(logits?.data instanceof Float32Array)) throw new Error('The model gave no float32 logits.');
      // The binding's own buffer cannot be handed to another thread.
      return { shape: logits.dims, data: Float32Array.from(logits.data) };
    },
    close: () => session.release(),
  };
}
