// The words that an experiment's examples use: only their rows are trained, the others see nothing but weight decay.
import type { ExampleTable } from '../../src/text/example-table.ts';

/** The ids of both tables, ascending. */
export function vocabularyInUse(
  train: Pick<ExampleTable, 'vocabulary'>,
  evaluation: Pick<ExampleTable, 'vocabulary'>,
): Int32Array {
  return Int32Array.from(new Set([...train.vocabulary, ...evaluation.vocabulary])).sort();
}
