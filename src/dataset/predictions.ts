// The prediction of every evaluated row, kept as JSON lines in the order of the snapshot: later comparisons read them.
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { BlobStore } from '../storage/blob-store.ts';
import type { BlobRef } from '../experiment/blob.ts';

export interface Predictions {
  readonly labelNames: readonly string[];
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
  /** `[rows, labels]`. */
  readonly logits: Float32Array;
  readonly losses: Float32Array;
}

export interface Prediction {
  /** The place in the snapshot's evaluation split, from 0. */
  readonly row: number;
  readonly label: string;
  readonly predicted: string;
  readonly logits: readonly number[];
  readonly loss: number;
}

/** Lines of {@link Prediction}. A float32 is written so that reading gives the same float32 again. */
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

/** Reads them back one by one. @throws CodedError `blob_missing`; `blob_corrupt` at the end. */
export async function* readPredictions(blobs: BlobStore, predictions: BlobRef): AsyncGenerator<Prediction> {
  for await (const line of createInterface({ input: await blobs.get(predictions) }))
    // Written by predictionLines, checked by its hash.
    yield JSON.parse(line) as Prediction;
}
