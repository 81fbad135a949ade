// An onnxruntime session over an exported model. It blocks its thread while it runs.
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { inferenceInput, inferenceOutput } from '../inference/inference-model.ts';
import type { ProviderChoice } from '../job.ts';
import type { BatchLogits, InferenceBatch, InferenceThreadData } from './inference-messages.ts';

export interface ExportedModelSession {
  readonly provider: 'cpu' | 'cuda';
  run(batch: InferenceBatch): Promise<BatchLogits>;
  /** Frees the memory of the session. */
  close(): Promise<void>;
}

const candidates: Readonly<Record<ProviderChoice, readonly ('cpu' | 'cuda')[]>> = {
  auto: ['cuda', 'cpu'],
  cpu: ['cpu'],
  cuda: ['cuda'],
};

function create(
  { model, threads, deviceNumber }: InferenceThreadData,
  provider: 'cpu' | 'cuda',
): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    executionProviders: [provider === 'cuda' ? { name: 'cuda', deviceId: deviceNumber } : provider],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
}

/**
 * Opens a session on the provider asked for; 'auto' takes CUDA where it is there and else the CPU.
 * @throws Error when the provider is missing or the model is refused
 */
export async function openExportedModel(data: InferenceThreadData): Promise<ExportedModelSession> {
  // Whatever matters is thrown; below this level a missing provider would be written to standard error as well.
  env.logLevel = 'fatal';
  let failure: unknown;
  for (const provider of candidates[data.provider]) {
    try {
      return wrap(await create(data, provider), provider);
    } catch (error) {
      // With 'auto' a provider that this machine lacks is not a fault: the next one is tried.
      failure = error;
    }
  }
  throw new Error(`No session could be opened on ${candidates[data.provider].join(' or ')}.`, {
    cause: failure,
  });
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
