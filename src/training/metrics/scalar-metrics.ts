// The metrics that are one number, which curves are made of and early stopping goes by.
import type { EvaluationMetrics } from './evaluation-metrics.ts';

/** Fields that are null or a number and yet no metric: a count, and a table that may be missing. */
const otherFields: ReadonlySet<string> = new Set(['tokens', 'entities']);

/**
 * The metrics that are one number, by name; null where one is not defined. Entities are told by `entityF1`, the F1 of
 * whole entities.
 */
export function scalarMetrics(metrics: EvaluationMetrics): Record<string, number | null> {
  const entries = Object.entries(metrics).flatMap(
    ([name, value]: [string, unknown]): [string, number | null][] =>
      !otherFields.has(name) && (typeof value === 'number' || value === null) ? [[name, value]] : [],
  );
  const entities: [string, number | null][] =
    metrics.task === 'tokenClassification' ? [['entityF1', metrics.entities?.f1 ?? null]] : [];
  return Object.fromEntries([...entries, ...entities]);
}
