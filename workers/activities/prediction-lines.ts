// The prediction of every evaluated row as JSON lines, in the order of the snapshot: later comparisons read them.
import { Readable } from 'node:stream';

export interface Predictions {
  readonly labelNames: readonly string[];
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
  /** `[rows, labels]`. */
  readonly logits: Float32Array;
  readonly losses: Float32Array;
}

/** Lines of `{ row, label, predicted, logits, loss }`. A float32 is written with all its digits. */
export function predictionLines({ labelNames, labels, predicted, logits, losses }: Predictions): Readable {
  const width = labelNames.length;
  function* lines(): Generator<string> {
    for (let row = 0; row < labels.length; row += 1) {
      const line = {
        row,
        label: labelNames[labels[row] ?? 0],
        predicted: labelNames[predicted[row] ?? 0],
        logits: [...logits.subarray(row * width, (row + 1) * width)],
        loss: losses[row],
      };
      yield `${JSON.stringify(line)}\n`;
    }
  }
  return Readable.from(lines(), { objectMode: false });
}
