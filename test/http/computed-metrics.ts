// Small predictions of every task and their metrics, as an evaluation computes them.
import { classificationMetrics } from '../../src/training/metrics/classification-metrics.ts';
import type { EvaluationMetrics } from '../../src/training/metrics/evaluation-metrics.ts';
import { multiLabelMetrics } from '../../src/training/metrics/multi-label-metrics.ts';
import { regressionMetrics } from '../../src/training/metrics/regression-metrics.ts';
import { tokenMetrics } from '../../src/training/metrics/token-metrics.ts';

/** Small as they are, they need no turns. */
const atOnce = (): undefined => undefined;

const labelNames = ['O', 'B-X', 'I-X'];

export const computedMetrics = {
  classification: {
    task: 'classification',
    ...(await classificationMetrics(
      {
        logits: Float32Array.of(1, 0, 3, 1, 0.5, 0, 4, 2),
        labelCount: 2,
        labels: Int32Array.of(0, 1, 0, 1),
      },
      atOnce,
    )),
  },
  multiLabel: {
    task: 'multiLabel',
    ...(await multiLabelMetrics(
      {
        logits: Float32Array.of(1, -1, 3, 1, -0.5, 2),
        labelCount: 2,
        targets: Float32Array.of(1, 0, 0, 1, 1, 1),
      },
      atOnce,
    )),
  },
  regression: {
    task: 'regression',
    ...regressionMetrics({ predictions: Float32Array.of(1, 2, 4), targets: Float32Array.of(1.5, 2, 3) }),
  },
  tokenClassification: {
    task: 'tokenClassification',
    ...(await tokenMetrics(
      {
        logits: Float32Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2, 2, 0, 0, 0, 2, 0),
        labelCount: labelNames.length,
        labels: Int32Array.of(0, 1, 2, 1, -1),
        rowOffsets: Int32Array.of(0, 3, 5),
        labelNames,
      },
      atOnce,
    )),
  },
} as const satisfies {
  readonly [Task in EvaluationMetrics['task']]: EvaluationMetrics & { readonly task: Task };
};
