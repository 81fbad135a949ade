// The prediction of every evaluated row, kept as JSON lines in the order of the snapshot: later comparisons read them.
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { BlobStore } from '../storage/blob-store.ts';
import type { BlobRef } from '../experiment/blob.ts';

interface ClassPredictions {
  readonly labelNames: readonly string[];
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
  /** `[rows, labels]`. */
  readonly logits: Float32Array;
  readonly losses: Float32Array;
}

interface ValuePredictions {
  readonly task: 'regression';
  readonly labels: Float32Array;
  readonly predicted: Float32Array;
  readonly losses: Float32Array;
}

interface LabelPredictions {
  readonly task: 'multiLabel';
  readonly labelNames: readonly string[];
  /** `[rows, labels]`, 1 where a row has the label. */
  readonly labels: Uint8Array;
  readonly predicted: Uint8Array;
  readonly logits: Float32Array;
  readonly losses: Float32Array;
}

interface WordPredictions {
  readonly task: 'tokenClassification';
  readonly labelNames: readonly string[];
  /** Of the words that were not cut off, one row after another. */
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
  /** `[rows + 1]`: the words of row `i` are from `offsets[i]` up to, not including, `offsets[i + 1]`. */
  readonly offsets: Int32Array;
  /** `[rows]`, the mean over a row's words. */
  readonly losses: Float32Array;
}

export type Predictions =
  | (ClassPredictions & { readonly task?: 'classification' })
  | ValuePredictions
  | LabelPredictions
  | WordPredictions;

export interface Prediction {
  /** The place in the snapshot's evaluation split, from 0. */
  readonly row: number;
  /** A class, the number of a regression, the names of a multi-label row, or a class for each word. */
  readonly label: string | number | readonly string[];
  readonly predicted: string | number | readonly string[];
  /** In the order of the labels; of a regression the value; none of words. */
  readonly logits: readonly number[];
  readonly loss: number;
}

/** Lines of {@link Prediction}. A float32 is written so that reading gives the same float32 again. */
export function predictionLines(predictions: Predictions): Readable {
  const predictionOf = reader(predictions);
  function* lines(): Generator<string> {
    for (const [row, loss] of predictions.losses.entries())
      yield `${JSON.stringify({ row, ...predictionOf(row), loss })}\n`;
  }
  return Readable.from(lines(), { objectMode: false });
}

/** Reads them back one by one. @throws CodedError `blob_missing`; `blob_corrupt` at the end. */
export async function* readPredictions(blobs: BlobStore, predictions: BlobRef): AsyncGenerator<Prediction> {
  for await (const line of createInterface({ input: await blobs.get(predictions) }))
    // Written by predictionLines, checked by its hash.
    yield JSON.parse(line) as Prediction;
}

type RowReader = (row: number) => Pick<Prediction, 'label' | 'predicted' | 'logits'>;

function reader(predictions: Predictions): RowReader {
  if (predictions.task === 'regression') return valueReader(predictions);
  if (predictions.task === 'multiLabel') return labelReader(predictions);
  return predictions.task === 'tokenClassification' ? wordReader(predictions) : classReader(predictions);
}

function classReader({ labelNames, labels, predicted, logits }: ClassPredictions): RowReader {
  const width = labelNames.length;
  return (row) => ({
    label: labelNames[labels[row] ?? 0] ?? '',
    predicted: labelNames[predicted[row] ?? 0] ?? '',
    logits: [...logits.subarray(row * width, (row + 1) * width)],
  });
}

function valueReader({ labels, predicted }: ValuePredictions): RowReader {
  return (row) => {
    const value = predicted[row] ?? 0;
    return { label: labels[row] ?? 0, predicted: value, logits: [value] };
  };
}

function labelReader({ labelNames, labels, predicted, logits }: LabelPredictions): RowReader {
  const width = labelNames.length;
  return (row) => {
    const namesOf = (table: Uint8Array): string[] =>
      labelNames.filter((_, label) => table[row * width + label] === 1);
    return {
      label: namesOf(labels),
      predicted: namesOf(predicted),
      logits: [...logits.subarray(row * width, (row + 1) * width)],
    };
  };
}

function wordReader({ labelNames, labels, predicted, offsets }: WordPredictions): RowReader {
  return (row) => {
    const namesOf = (table: Int32Array): string[] =>
      Array.from(table.subarray(offsets[row], offsets[row + 1]), (label) => labelNames[label] ?? '');
    return { label: namesOf(labels), predicted: namesOf(predicted), logits: [] };
  };
}
