// What passes between the main thread and the thread of an inference session. Types only.
import type { ProviderChoice } from '../job.ts';
import type { ThreadFailure } from './thread-failure.ts';

/** The first message to the thread. */
export interface InferenceThreadData {
  /** ONNX bytes. */
  readonly model: Uint8Array<ArrayBuffer>;
  readonly threads: number;
  readonly provider: ProviderChoice;
  /** Which of several CUDA devices, counted from 0. */
  readonly deviceNumber: number;
}

/** Examples side by side, padded to the longest: each array is [size, length]. */
export interface InferenceBatch {
  readonly size: number;
  readonly length: number;
  readonly tokenIds: BigInt64Array<ArrayBuffer>;
  /** 1 for a token, 0 for the padding after the tokens of its row. */
  readonly attentionMask: BigInt64Array<ArrayBuffer>;
  readonly tokenTypes: BigInt64Array<ArrayBuffer>;
}

export type InferenceRequest =
  | { readonly kind: 'batch'; readonly id: number; readonly batch: InferenceBatch }
  | { readonly kind: 'close' };

/** Logits of a batch: [size, labels] or [size, length, labels]. */
export interface BatchLogits {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

export type InferenceReply =
  | { readonly kind: 'opened'; readonly provider: 'cpu' | 'cuda' }
  | { readonly kind: 'notOpened'; readonly failure: ThreadFailure }
  | { readonly kind: 'logits'; readonly id: number; readonly logits: BatchLogits }
  | { readonly kind: 'batchFailed'; readonly id: number; readonly failure: ThreadFailure };
