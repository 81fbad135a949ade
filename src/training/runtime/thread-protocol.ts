// What passes between the main thread and the engine's thread.
import type { EncodedExamples } from '../../text/encoded-examples.ts';
import type { BertConfig, NamedTensor, ProviderChoice, TrainingEvent, TrainingJob } from '../job.ts';

/** What an evaluation is computed from. */
export interface EvaluationTask {
  readonly config: BertConfig;
  readonly labelCount: number;
  readonly parameters: readonly NamedTensor[];
  readonly examples: EncodedExamples;
  /** `[examples]`. */
  readonly labels: Int32Array;
  readonly batchSize: number;
  readonly threads: number;
  readonly provider: ProviderChoice;
}

export type EngineTask =
  | { readonly kind: 'training'; readonly job: TrainingJob; readonly signals: Int32Array<SharedArrayBuffer> }
  | { readonly kind: 'evaluation'; readonly task: EvaluationTask };

/** Places in `signals`, which both threads see at once, even while the engine's event loop stands still. */
export const signal = { stop: 0, checkpointRequests: 1, checkpointsTaken: 2, count: 3 } as const;

export type EngineMessage =
  | TrainingEvent
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'evaluated'; readonly logits: Float32Array; readonly losses: Float32Array }
  | { readonly kind: 'failed'; readonly message: string; readonly diverged: boolean };

/** Sends a message; buffers in `transfer` move instead of being copied. */
export type Send = (message: EngineMessage, transfer?: readonly ArrayBuffer[]) => void;
