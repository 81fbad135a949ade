// Puts the logits of batches, which come in the order of length, where their examples are.
import type { BatchLogits } from '../runtime/inference-messages.ts';
import type { InferenceExamples } from './batching.ts';

export interface InferenceResult {
  /** float32 [rows, labelCount], row-major, in the order of the examples. */
  readonly logits: Float32Array;
  /** 0 where there is no example. */
  readonly labelCount: number;
  /**
   * [examples + 1]: the rows of example `i` are `rowOffsets[i]` up to, not including, `rowOffsets[i + 1]`. One row an
   * example, or one a token with token classification.
   */
  readonly rowOffsets: Int32Array;
}

function offsetsOf(examples: InferenceExamples, perToken: boolean): Int32Array {
  const offsets = new Int32Array(examples.count + 1);
  for (let index = 0; index < examples.count; index++)
    offsets[index + 1] = (offsets[index] ?? 0) + (perToken ? examples.lengthOf(index) : 1);
  return offsets;
}

export class ResultRows {
  private readonly examples: InferenceExamples;
  private result: InferenceResult | undefined;

  constructor(examples: InferenceExamples) {
    this.examples = examples;
  }

  /** The first batch tells how many labels there are and whether each token has a row. */
  private allocate(shape: readonly number[]): InferenceResult {
    const labelCount = shape.at(-1) ?? 0;
    const rowOffsets = offsetsOf(this.examples, shape.length === 3);
    const rows = rowOffsets.at(-1) ?? 0;
    return { logits: new Float32Array(rows * labelCount), labelCount, rowOffsets };
  }

  /** @param indices - the examples of the batch, in its order */
  place(indices: Int32Array, { shape, data }: BatchLogits): void {
    this.result ??= this.allocate(shape);
    const { logits, labelCount, rowOffsets } = this.result;
    const stride = data.length / indices.length;
    indices.forEach((index, row) => {
      const start = rowOffsets[index] ?? 0;
      const kept = ((rowOffsets[index + 1] ?? 0) - start) * labelCount;
      logits.set(data.subarray(row * stride, row * stride + kept), start * labelCount);
    });
  }

  finish(): InferenceResult {
    return this.result ?? this.allocate([0]);
  }
}
