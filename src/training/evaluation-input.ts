// Puts the truth of a table of examples beside the logits of a model, as the metrics take it.
import type { Example, ExampleTable } from '../text/example-table.ts';
import type { ModelHead } from './job.ts';
import { logitRowOffsets } from './logit-rows.ts';
import type { EvaluationInput } from './metrics/evaluation-metrics.ts';
import { asFloats } from './targets.ts';

/**
 * @param logits `[rows, labels]` in the order of the table: a row an example, or a token.
 * @param labelNames for the entities that words make.
 */
export function evaluationInput(
  table: ExampleTable,
  { task, labelCount }: ModelHead,
  labelNames: readonly string[],
  logits: Float32Array,
): EvaluationInput {
  const rowOffsets = logitRowOffsets(table, task === 'tokenClassification');
  const rows = rowOffsets[table.count] ?? 0;
  const each = (visit: (example: Example, row: number) => void): void => {
    for (let index = 0; index < table.count; index++) visit(table.read(index), rowOffsets[index] ?? 0);
  };
  switch (task) {
    case 'regression': {
      const targets = new Float32Array(rows);
      each((example, row) => targets.set(asFloats(example), row));
      return { task, predictions: logits, targets };
    }
    case 'multiLabel': {
      const targets = new Float32Array(rows * labelCount);
      each((example, row) => targets.set(asFloats(example), row * labelCount));
      return { task, logits, labelCount, targets };
    }
    case 'classification':
    case 'tokenClassification': {
      const labels = new Int32Array(rows);
      each(({ targets }, row) => labels.set(targets, row));
      if (task === 'classification') return { task, logits, labelCount, labels };
      return { task, logits, labelCount, labels, rowOffsets, labelNames };
    }
    case 'maskedLanguage':
      throw new Error('A model of words in their places has no evaluation of its own.');
  }
}
