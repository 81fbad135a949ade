// Pages of evaluated rows with their texts: in the order of the split, or the worst first.
import { openSnapshot } from '../../dataset/open-snapshot.ts';
import { readPredictions, type Prediction } from '../../dataset/predictions.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import type { BlobRef } from '../../experiment/blob.ts';

/** What is needed of a stored report. */
export interface EvaluatedRowsSource {
  readonly snapshotSha256: string;
  readonly predictions: BlobRef;
}

export interface EvaluatedRow extends Prediction {
  readonly text: string;
  readonly textPair?: string;
}

export interface RowsRequest {
  readonly sort: 'row' | '-loss';
  /** Rows to pass over, in the order asked for. */
  readonly offset: number;
  readonly limit: number;
}

/** @returns the page, and whether rows follow it. Two numbers a row are held at most. */
export async function evaluatedRows(
  blobs: BlobStore,
  { snapshotSha256, predictions }: EvaluatedRowsSource,
  { sort, offset, limit }: RowsRequest,
): Promise<{ readonly rows: readonly EvaluatedRow[]; readonly hasMore: boolean }> {
  const losses: { readonly row: number; readonly loss: number }[] = [];
  for await (const { row, loss } of readPredictions(blobs, predictions)) losses.push({ row, loss });
  // Equal losses stay in the order of the split, so that pages fit together.
  if (sort === '-loss') losses.sort((one, other) => other.loss - one.loss || one.row - other.row);
  const wanted = losses.slice(offset, offset + limit).map(({ row }) => row);
  const found = await collect(blobs, { snapshotSha256, predictions }, new Set(wanted));
  return {
    rows: wanted.flatMap((row) => found.get(row) ?? []),
    hasMore: losses.length > offset + limit,
  };
}

async function collect(
  blobs: BlobStore,
  { snapshotSha256, predictions }: EvaluatedRowsSource,
  wanted: ReadonlySet<number>,
): Promise<ReadonlyMap<number, EvaluatedRow>> {
  const texts = new Map<number, Pick<EvaluatedRow, 'text' | 'textPair'>>();
  const snapshot = await openSnapshot(blobs, snapshotSha256);
  for await (const { row, text, textPair } of snapshot.rows('evaluation'))
    if (wanted.has(row)) texts.set(row, { text, ...(textPair !== undefined && { textPair }) });
  const rows = new Map<number, EvaluatedRow>();
  for await (const prediction of readPredictions(blobs, predictions))
    if (wanted.has(prediction.row))
      rows.set(prediction.row, { ...prediction, text: '', ...texts.get(prediction.row) });
  return rows;
}
