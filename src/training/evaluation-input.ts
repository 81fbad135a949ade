// Puts the truth of a table of examples beside the logits of a model, as the metrics take it.
import type { ExampleTable } from '../text/example-table.ts';
import type { ModelHead } from './job.ts';
import type { EvaluationInput, EvaluationMetrics } from './metrics/evaluation-metrics.ts';

function floats(targets: Int32Array): Float32Array {
  return new Float32Array(targets.buffer, targets.byteOffset, targets.length);
}

/** Where the rows of logits of each example begin: one row an example, or one a token. `[examples + 1]`. */
function logitOffsets(table: ExampleTable, { task }: Pick<ModelHead, 'task'>): Int32Array {
  const offsets = new Int32Array(table.count + 1);
  for (let index = 0; index < table.count; index++)
    offsets[index + 1] = (offsets[index] ?? 0) + (task === 'tokenClassification' ? table.lengthOf(index) : 1);
  return offsets;
}

/**
 * @param logits - `[rows, labels]` in the order of the table: a row an example, or a token
 * @param labelNames - for the entities that words make
 */
export function evaluationInput(
  table: ExampleTable,
  { task, labelCount }: ModelHead,
  labelNames: readonly string[],
  logits: Float32Array,
): EvaluationInput {
  const rowOffsets = logitOffsets(table, { task });
  const rows = rowOffsets[table.count] ?? 0;
  const each = (visit: (targets: Int32Array, row: number) => void): void => {
    for (let index = 0; index < table.count; index++)
      visit(table.read(index).targets, rowOffsets[index] ?? 0);
  };
  switch (task) {
    case 'regression': {
      const targets = new Float32Array(rows);
      each((target, row) => targets.set(floats(target), row));
      return { task, predictions: logits, targets };
    }
    case 'multiLabel': {
      const targets = new Float32Array(rows * labelCount);
      each((target, row) => targets.set(floats(target), row * labelCount));
      return { task, logits, labelCount, targets };
    }
    case 'classification':
    case 'tokenClassification': {
      const labels = new Int32Array(rows);
      each((target, row) => labels.set(target, row));
      if (task === 'classification') return { task, logits, labelCount, labels };
      return { task, logits, labelCount, labels, rowOffsets, labelNames };
    }
    case 'maskedLanguage':
      throw new Error('A model of words in their places has no evaluation of its own.');
  }
}

/** The metrics that are single numbers, by name; `entityF1` is the F1 of whole entities. */
export function scalarMetrics(metrics: EvaluationMetrics): Record<string, number | null> {
  const entries = Object.entries(metrics).flatMap(
    ([name, value]: [string, unknown]): [string, number | null][] =>
      typeof value === 'number' || (value === null && name !== 'entities') ? [[name, value]] : [],
  );
  const entities: [string, number | null][] =
    metrics.task === 'tokenClassification' ? [['entityF1', metrics.entities?.f1 ?? null]] : [];
  return Object.fromEntries([...entries, ...entities]);
}
