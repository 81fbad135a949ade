// Opens onnxruntime sessions with the settings that results depend on, in one place.
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import type { ProviderChoice } from '../job.ts';
import type { InputValue } from '../step-inputs.ts';

export interface OpenSession {
  readonly provider: 'cpu' | 'cuda';
  /** @returns the outputs by name */
  run(inputs: Readonly<Record<string, InputValue>>): Promise<Readonly<Record<string, Float32Array>>>;
  /** Frees the memory of the session. */
  close(): Promise<void>;
}

function candidates(choice: ProviderChoice): readonly ('cpu' | 'cuda')[] {
  return choice === 'auto' ? ['cuda', 'cpu'] : [choice];
}

async function create(
  model: Uint8Array,
  choice: ProviderChoice,
  threads: number,
): Promise<{ session: InferenceSession; provider: 'cpu' | 'cuda' }> {
  let failure: unknown;
  for (const provider of candidates(choice)) {
    try {
      const session = await InferenceSession.create(model, {
        executionProviders: [provider],
        graphOptimizationLevel: 'all',
        executionMode: 'sequential',
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: 4,
      });
      return { session, provider };
    } catch (error) {
      // With 'auto' a provider that this machine lacks is not a fault: the next one is tried.
      failure = error;
    }
  }
  throw new Error(`No session could be opened on ${candidates(choice).join(' or ')}.`, { cause: failure });
}

/**
 * Opens a session on the provider asked for; 'auto' takes CUDA where it is there and else the CPU.
 * @param model - ONNX bytes
 * @param threads - threads within an operator
 * @throws Error when the provider is missing or the model is refused
 */
export async function openSession(
  model: Uint8Array,
  choice: ProviderChoice,
  threads: number,
): Promise<OpenSession> {
  // Whatever matters is thrown; below this level a missing provider would be written to standard error as well.
  env.logLevel = 'fatal';
  const { session, provider } = await create(model, choice, threads);
  return {
    provider,
    async run(inputs) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { type, shape, data }]) => [name, new Tensor(type, data, shape)]),
      );
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => {
          if (!(tensor.data instanceof Float32Array))
            throw new Error(`${name} is ${tensor.type}, not float32.`);
          return [name, tensor.data];
        }),
      );
    },
    close: () => session.release(),
  };
}
