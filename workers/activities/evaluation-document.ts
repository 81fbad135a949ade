// The evaluation as it is stored: what the report shows and what later comparisons read.
import type { BlobRef } from '../../src/experiment/blob.ts';
import type { evaluationFormatVersion } from '../../src/experiment/evaluation-format.ts';
import type { EvaluationMetrics } from '../../src/training/metrics/evaluation-metrics.ts';

/** The model as it is exported for inference, and what that costs in exactness. */
interface ExportedModel {
  /** An ONNX file. */
  readonly model: BlobRef;
  /** Of all logits that were compared: with those of the training's own forward pass; of int8 with those of float32. */
  readonly largestLogitDifference: number;
}

export type EvaluationDocument = EvaluationMetrics & {
  readonly formatVersion: typeof evaluationFormatVersion;
  readonly snapshotSha256: string;
  readonly checkpoint: { readonly step: number; readonly id: string; readonly weightsSha256: string };
  readonly labels: readonly string[];
  /** JSON lines of every row's prediction. */
  readonly predictions: BlobRef;
  readonly inference: {
    /** The metrics above are this model's. */
    readonly float32: ExportedModel & {
      /** Rows whose logits were computed by the training's forward pass too. */
      readonly comparedRows: number;
    };
    readonly int8: ExportedModel & {
      /** Its metrics that are single numbers. */
      readonly metrics: Readonly<Record<string, number | null>>;
    };
  };
};
