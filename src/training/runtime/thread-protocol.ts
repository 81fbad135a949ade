// What passes between the main thread and the engine's thread.
import type {
  ExampleSource,
  NamedTensor,
  ProviderChoice,
  SessionPlace,
  TrainingEvent,
  TrainingJob,
} from '../job.ts';
import type { EvaluatedModel } from './evaluation-runner.ts';
import type { ThreadFailure } from './thread-failure.ts';

/** What an evaluation is computed from. */
export interface EvaluationTask extends EvaluatedModel {
  /** Every tensor of the model: those trained, of the table of words the rows in use, and those frozen. */
  readonly parameters: readonly NamedTensor[];
  readonly examples: ExampleSource;
  readonly batchSize: number;
  readonly threads: number;
  readonly provider: ProviderChoice;
  readonly place?: SessionPlace;
}

export type EngineTask =
  | { readonly kind: 'training'; readonly job: TrainingJob; readonly signals: Signals }
  | { readonly kind: 'evaluation'; readonly task: EvaluationTask; readonly signals: Signals };

/** Numbers that both threads see at once, even while the engine's event loop stands still. */
export type Signals = Int32Array<SharedArrayBuffer>;

/** Places in `Signals`. */
export const signal = { abandon: 0, stop: 1, checkpointsTaken: 2 } as const;

/** Signals that say nothing yet: all 0. */
export function createSignals(): Signals {
  return new Int32Array(new SharedArrayBuffer(Object.keys(signal).length * Int32Array.BYTES_PER_ELEMENT));
}

/** Whether nobody waits for the result any more. */
export function isAbandoned(signals: Signals): boolean {
  return Atomics.load(signals, signal.abandon) !== 0;
}

export type EngineMessage =
  | TrainingEvent
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'evaluated'; readonly logits: Float32Array }
  | ({ readonly kind: 'failed' } & ThreadFailure);

/** Sends a message; buffers in `transfer` move instead of being copied. */
export type Send = (message: EngineMessage, transfer?: readonly ArrayBuffer[]) => void;
