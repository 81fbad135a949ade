// The metrics of an evaluation that are one number: by task their names, and in which direction each is better.
import type { DatasetTask } from './spec.ts';

export type MetricDirection = 'higher' | 'lower';

const ofTask = {
  classification: {
    loss: 'lower',
    accuracy: 'higher',
    macroF1: 'higher',
    weightedF1: 'higher',
    matthews: 'higher',
    logLoss: 'lower',
    brier: 'lower',
    expectedCalibrationError: 'lower',
    rocAuc: 'higher',
    averagePrecision: 'higher',
  },
  multiLabel: {
    loss: 'lower',
    subsetAccuracy: 'higher',
    hammingLoss: 'lower',
    microF1: 'higher',
    macroF1: 'higher',
    weightedF1: 'higher',
    rocAuc: 'higher',
    averagePrecision: 'higher',
  },
  regression: {
    loss: 'lower',
    mse: 'lower',
    rmse: 'lower',
    mae: 'lower',
    r2: 'higher',
    pearson: 'higher',
    spearman: 'higher',
  },
  tokenClassification: {
    loss: 'lower',
    accuracy: 'higher',
    macroF1: 'higher',
    weightedF1: 'higher',
    entityF1: 'higher',
  },
} as const satisfies Readonly<Record<DatasetTask, Readonly<Record<string, MetricDirection>>>>;

export type MetricName = { [Task in DatasetTask]: keyof (typeof ofTask)[Task] }[DatasetTask];

/** By task; a name that a task does not have is not in its map. */
export const taskMetrics: Readonly<
  Record<DatasetTask, Readonly<Partial<Record<MetricName, MetricDirection>>>>
> = ofTask;

/** Of all tasks, each once. */
export const allMetricNames = [
  ...new Set(Object.values(taskMetrics).flatMap((metrics) => Object.keys(metrics))),
] as readonly MetricName[];

/** What of the metrics of an evaluation is looked at here; the rest are tables. */
export type EvaluatedMetrics = Readonly<Partial<Record<MetricName, number | null>>> & {
  readonly task: DatasetTask;
  readonly entities?: { readonly f1: number } | null;
};

/**
 * The metrics that are one number, as an experiment shows them. `entityF1` is the F1 of whole entities. `null`: not defined
 * for these labels and predictions.
 */
export function metricValues(
  metrics: EvaluatedMetrics,
): Readonly<Partial<Record<MetricName, number | null>>> {
  const names = allMetricNames.filter((name) => name in taskMetrics[metrics.task]);
  return Object.fromEntries(
    names.map((name) => [name, (name === 'entityF1' ? metrics.entities?.f1 : metrics[name]) ?? null]),
  );
}
