// Opens onnxruntime sessions with the settings that results depend on, in one place.
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import type { ProviderChoice, SessionPlace } from '../job.ts';
import { messageOf } from '../../thrown.ts';
import { sequenceOutput } from '../graph/onnx-emission.ts';
import type { InputValue } from '../step-inputs.ts';
import { GraphCache } from './graph-cache.ts';
import { graphSha256, numericProfile } from './numeric-profile.ts';

export interface OpenSession {
  readonly provider: 'cpu' | 'cuda';
  /** @returns the outputs by name */
  run(inputs: Readonly<Record<string, InputValue>>): Promise<Readonly<Record<string, Float32Array>>>;
  /**
   * Runs the model of a loop and writes outputs into the arrays given for them by name. An array may be that of an input
   * too, since a loop writes its outputs at its end: state is then advanced in place.
   */
  fill(
    inputs: Readonly<Record<string, InputValue>>,
    outputs: Readonly<Record<string, InputValue>>,
  ): Promise<void>;
  /** Frees the memory of the session. */
  close(): Promise<void>;
}

const plainPlace: SessionPlace = { deviceNumber: 0, graphCacheDirectory: null };

function candidates(choice: ProviderChoice): readonly ('cpu' | 'cuda')[] {
  return choice === 'auto' ? ['cuda', 'cpu'] : [choice];
}

function sessionOptions(
  provider: 'cpu' | 'cuda',
  threads: number,
  deviceNumber: number,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider === 'cuda' ? { name: 'cuda', deviceId: deviceNumber } : provider],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  };
}

/** A session on the CPU over a graph whose optimized form is kept. */
async function createCached(
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
  threads: number,
  directory: string,
): Promise<InferenceSession> {
  const cache = new GraphCache(directory);
  const profile = numericProfile({ threads, provider: 'cpu', graphSha256: graphSha256(model) });
  const kept = await cache.read(profile);
  if (kept !== undefined)
    try {
      return await InferenceSession.create(kept, { ...options, graphOptimizationLevel: 'disabled' });
    } catch {
      // A graph that this onnxruntime does not take is replaced below.
    }
  const filled = await cache.fill(profile, (path) =>
    InferenceSession.create(model, { ...options, optimizedModelFilePath: path }),
  );
  return filled ?? InferenceSession.create(model, options);
}

/**
 * Creates the session of onnxruntime on the provider asked for; 'auto' takes CUDA where it is there and else the CPU.
 * @throws Error when the provider is missing or the model is refused
 */
export async function createSession(
  model: Uint8Array,
  choice: ProviderChoice,
  threads: number,
  { deviceNumber, graphCacheDirectory }: SessionPlace,
): Promise<{ session: InferenceSession; provider: 'cpu' | 'cuda' }> {
  // Whatever matters is thrown; below this level a missing provider would be written to standard error as well.
  env.logLevel = 'fatal';
  let failure: unknown;
  for (const provider of candidates(choice)) {
    const options = sessionOptions(provider, threads, deviceNumber);
    try {
      // What is written of a graph for CUDA holds copies between the devices already, which opening it would add again.
      const session =
        provider === 'cuda' || graphCacheDirectory === null
          ? await InferenceSession.create(model, options)
          : await createCached(model, options, threads, graphCacheDirectory);
      return { session, provider };
    } catch (error) {
      // With 'auto' a provider that this machine lacks is not a fault: the next one is tried.
      failure = error;
    }
  }
  throw new Error(`No session could be opened on ${candidates(choice).join(' or ')}.`, { cause: failure });
}

/**
 * How the binding fails at an output that is no tensor. When a run has ended it copies every output into an array of its own,
 * those too that it was given an array for and has filled: for weights and moments that is much memory, and 5 % of the
 * time. It stops at the first output that it cannot hand over, so the first is one.
 */
const refusalOfSequence = 'Non tensor type is temporarily not supported';

function tensorsOf(values: Readonly<Record<string, InputValue>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { type, shape, data }]) => [name, new Tensor(type, data, shape)]),
  );
}

/**
 * Opens a session on the provider asked for; 'auto' takes CUDA where it is there and else the CPU. On CUDA, products of
 * matrices are rounded to TF32 unless NVIDIA_TF32_OVERRIDE=0 was in the environment of the process from its start.
 * @param model ONNX bytes.
 * @param threads threads within an operator.
 * @throws Error when the provider is missing or the model is refused
 */
export async function openSession(
  model: Uint8Array,
  choice: ProviderChoice,
  threads: number,
  place: SessionPlace = plainPlace,
): Promise<OpenSession> {
  const { session, provider } = await createSession(model, choice, threads, place);
  return {
    provider,
    async run(inputs) {
      const results = await session.run(tensorsOf(inputs));
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => {
          if (!(tensor.data instanceof Float32Array))
            throw new Error(`${name} is ${tensor.type}, not float32.`);
          return [name, tensor.data];
        }),
      );
    },
    async fill(inputs, outputs) {
      try {
        await session.run(tensorsOf(inputs), { [sequenceOutput]: null, ...tensorsOf(outputs) });
      } catch (error) {
        if (!messageOf(error).includes(refusalOfSequence)) throw error;
      }
    },
    close: () => session.release(),
  };
}
