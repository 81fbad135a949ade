// Puts the logits of batches, which come in the order of length, where their examples are.
import { logitRowOffsets, type ExampleLengths } from '../logit-rows.ts';
import type { BatchLogits } from '../runtime/inference-messages.ts';

export interface InferenceResult {
  /** float32 [rows, labelCount], row-major, in the order of the examples. */
  readonly logits: Float32Array;
  /** 0 where there is no example. */
  readonly labelCount: number;
  /**
   * [examples + 1]: where the rows of each example begin. One row an example, or one a token with token classification.
   */
  readonly rowOffsets: Int32Array;
}

/** The logits of a run of batches, which become a result when all batches are in their places. */
export class ResultRows {
  readonly #examples: ExampleLengths;
  #result: InferenceResult | undefined;

  constructor(examples: ExampleLengths) {
    this.#examples = examples;
  }

  /** The first batch tells how many labels there are and whether each token has a row. */
  #allocate(shape: readonly number[]): InferenceResult {
    const labelCount = shape.at(-1) ?? 0;
    const rowOffsets = logitRowOffsets(this.#examples, shape.length === 3);
    const rows = rowOffsets.at(-1) ?? 0;
    return { logits: new Float32Array(rows * labelCount), labelCount, rowOffsets };
  }

  /** @param indices the examples of the batch, in its order. */
  place(indices: Int32Array, { shape, data }: BatchLogits): void {
    this.#result ??= this.#allocate(shape);
    const { logits, labelCount, rowOffsets } = this.#result;
    const stride = data.length / indices.length;
    indices.forEach((index, row) => {
      const start = rowOffsets[index] ?? 0;
      const kept = ((rowOffsets[index + 1] ?? 0) - start) * labelCount;
      logits.set(data.subarray(row * stride, row * stride + kept), start * labelCount);
    });
  }

  /** To be called after the last batch; without a batch there are no rows. */
  finish(): InferenceResult {
    return this.#result ?? this.#allocate([0]);
  }
}
