// Class probabilities by softmax, computed from the logits when they are asked for.

export type Numbers = Float32Array | Float64Array;

/** float32 or float64 [rows, labelCount], row-major. */
export interface LogitTable {
  readonly logits: Numbers;
  readonly labelCount: number;
}

/** The softmax of each row of a table of logits. */
export class ClassProbabilities {
  readonly rows: number;
  readonly labelCount: number;
  private readonly logits: Numbers;
  /** [rows]: the highest logit of each row. */
  private readonly largest: Float64Array;
  /** [rows]: ln(sum of exp(logit - largest)). Apart from `largest`, so that large logits lose no digits. */
  private readonly logSums: Float64Array;

  constructor({ logits, labelCount }: LogitTable) {
    this.rows = logits.length / labelCount;
    this.labelCount = labelCount;
    this.logits = logits;
    this.largest = new Float64Array(this.rows);
    this.logSums = new Float64Array(this.rows);
    for (let row = 0; row < this.rows; row++) {
      const scores = logits.subarray(row * labelCount, (row + 1) * labelCount);
      const largest = Math.max(...scores);
      let total = 0;
      for (const score of scores) total += Math.exp(score - largest);
      this.largest[row] = largest;
      this.logSums[row] = Math.log(total);
    }
  }

  /** The natural logarithm of a probability. */
  logOf(row: number, label: number): number {
    const logit = this.logits[row * this.labelCount + label] ?? NaN;
    return logit - (this.largest[row] ?? NaN) - (this.logSums[row] ?? NaN);
  }

  /** A probability, 0 to 1. */
  of(row: number, label: number): number {
    return Math.exp(this.logOf(row, label));
  }

  /** [rows]: the probability of one class. */
  column(label: number): Float64Array {
    return Float64Array.from({ length: this.rows }, (_, row) => this.of(row, label));
  }
}

/** The class with the highest logit of each row; the lowest index on a tie. */
export function predictedClasses(logits: Numbers, labelCount: number): Int32Array {
  return Int32Array.from({ length: logits.length / labelCount }, (_, row) => {
    const scores = logits.subarray(row * labelCount, (row + 1) * labelCount);
    return scores.indexOf(Math.max(...scores));
  });
}
