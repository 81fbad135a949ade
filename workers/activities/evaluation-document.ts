// The evaluation as it is stored: what the report shows and what later comparisons read.
import type { ClassificationMetrics } from '../../src/training/metrics.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';

export interface EvaluationDocument extends ClassificationMetrics {
  readonly formatVersion: 1;
  readonly task: 'classification';
  readonly snapshotSha256: string;
  readonly checkpoint: { readonly step: number; readonly id: string; readonly weightsSha256: string };
  readonly labels: readonly string[];
  /** JSON lines of every row's prediction. */
  readonly predictions: BlobRef;
}
