// Class probabilities by softmax, computed from the logits when they are asked for.
import { forEachYielding, type YieldToOthers } from '../../waiting/event-loop.ts';

export type Numbers = Float32Array | Float64Array;

/** float32 or float64 [rows, labelCount], row-major. */
export interface LogitTable {
  readonly logits: Numbers;
  readonly labelCount: number;
}

/** The softmax of each row of a table of logits; what a row adds up to is computed when it is first asked for. */
export class ClassProbabilities {
  readonly rows: number;
  readonly labelCount: number;
  readonly #logits: Numbers;
  /** [rows]: the highest logit of each row; NaN where nobody asked yet. */
  readonly #largest: Float64Array;
  /** [rows]: ln(sum of exp(logit - largest)). Apart from `largest`, so that large logits lose no digits. */
  readonly #logSums: Float64Array;

  constructor({ logits, labelCount }: LogitTable) {
    this.rows = logits.length / labelCount;
    this.labelCount = labelCount;
    this.#logits = logits;
    this.#largest = new Float64Array(this.rows).fill(NaN);
    this.#logSums = new Float64Array(this.rows);
  }

  /** The natural logarithm of a probability. */
  logOf(row: number, label: number): number {
    if (Number.isNaN(this.#largest[row])) this.#sumUp(row);
    const logit = this.#logits[row * this.labelCount + label] ?? NaN;
    return logit - (this.#largest[row] ?? NaN) - (this.#logSums[row] ?? NaN);
  }

  /** A probability, 0 to 1. */
  of(row: number, label: number): number {
    return Math.exp(this.logOf(row, label));
  }

  /** [rows]: the probability of one class. */
  column(label: number): Float64Array {
    return Float64Array.from({ length: this.rows }, (_, row) => this.of(row, label));
  }

  #sumUp(row: number): void {
    const scores = this.#logits.subarray(row * this.labelCount, (row + 1) * this.labelCount);
    const largest = Math.max(...scores);
    let total = 0;
    for (const score of scores) total += Math.exp(score - largest);
    this.#largest[row] = largest;
    this.#logSums[row] = Math.log(total);
  }
}

/** The class with the highest logit of a row; the lowest index on a tie. */
export function predictedClass(scores: Numbers): number {
  return scores.indexOf(Math.max(...scores));
}

/** Of each row. */
export async function predictedClasses(
  { logits, labelCount }: LogitTable,
  yieldToOthers: YieldToOthers,
): Promise<Int32Array> {
  const predicted = new Int32Array(logits.length / labelCount);
  await forEachYielding(predicted.length, yieldToOthers, (row) => {
    predicted[row] = predictedClass(logits.subarray(row * labelCount, (row + 1) * labelCount));
  });
  return predicted;
}
