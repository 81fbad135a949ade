// The metrics of an evaluation, whatever its task: one function, and unions that the task tells apart.
import type { YieldToOthers } from '../../waiting/event-loop.ts';
import {
  classificationMetrics,
  type ClassificationInput,
  type ClassificationMetrics,
} from './classification-metrics.ts';
import { multiLabelMetrics, type MultiLabelInput, type MultiLabelMetrics } from './multi-label-metrics.ts';
import { regressionMetrics, type RegressionInput, type RegressionMetrics } from './regression-metrics.ts';
import { tokenMetrics, type TokenInput, type TokenMetrics } from './token-metrics.ts';

interface InputOf {
  readonly classification: ClassificationInput;
  readonly multiLabel: MultiLabelInput;
  readonly regression: RegressionInput;
  readonly tokenClassification: TokenInput;
}

interface MetricsOf {
  readonly classification: ClassificationMetrics;
  readonly multiLabel: MultiLabelMetrics;
  readonly regression: RegressionMetrics;
  readonly tokenClassification: TokenMetrics;
}

type EvaluationTask = keyof InputOf;

/** Predictions and truth; `task` tells which. */
export type EvaluationInput = {
  [Task in EvaluationTask]: { readonly task: Task } & InputOf[Task];
}[EvaluationTask];

/** Metrics; `task` tells which. Each has a `loss`, and is null where it is not defined. */
export type EvaluationMetrics = {
  [Task in EvaluationTask]: { readonly task: Task } & MetricsOf[Task];
}[EvaluationTask];

/**
 * @param yieldToOthers lets other work go on in the midst of this one, which takes long where there are many classes and rows.
 * @throws RangeError when a label is not a class; what `yieldToOthers` throws.
 */
export async function evaluationMetrics(
  input: EvaluationInput,
  yieldToOthers: YieldToOthers,
): Promise<EvaluationMetrics> {
  switch (input.task) {
    case 'classification':
      return { task: input.task, ...(await classificationMetrics(input, yieldToOthers)) };
    case 'multiLabel':
      return { task: input.task, ...(await multiLabelMetrics(input, yieldToOthers)) };
    case 'regression':
      return { task: input.task, ...regressionMetrics(input) };
    case 'tokenClassification':
      return { task: input.task, ...(await tokenMetrics(input, yieldToOthers)) };
  }
}
