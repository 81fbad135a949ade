// The evaluation of a classification as a table for a terminal.
import type { components } from '../../openapi/schema.ts';

type Evaluation = Extract<components['schemas']['Evaluation'], { task: 'classification' }>;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The metrics, and below them one line a class. */
export function evaluationTable({ accuracy, macroF1, matthews, loss, labels, perClass }: Evaluation): string {
  const width = Math.max(5, ...labels.map((label) => label.length));
  const row = (label: string, ...cells: readonly string[]): string =>
    [label.padEnd(width), ...cells.map((cell) => cell.padStart(10))].join('');
  return [
    `Evaluation: accuracy ${percent(accuracy)}, macro F1 ${percent(macroF1)}, Matthews ${matthews.toFixed(3)}, loss ${loss.toFixed(4)}`,
    row('class', 'precision', 'recall', 'F1', 'rows'),
    ...perClass.map(({ precision, recall, f1, support }, index) =>
      row(labels[index] ?? '', percent(precision), percent(recall), percent(f1), String(support)),
    ),
  ].join('\n');
}
