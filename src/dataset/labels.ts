// From the values of a label column to the task and the names of the classes.
import { CodedError } from '../error.ts';
import type { AskedTask, DatasetTask } from '../experiment/spec.ts';
import { datasetLimits } from './limits.ts';
import { quoted } from '../json/quoted.ts';

const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What the labels of the training split say. */
export interface LabelScheme {
  readonly task: DatasetTask;
  /** The names of the classes; none for a regression. */
  readonly names: readonly string[];
}

/** Counts the labels of one split. Memory stops growing one label beyond the limit of classes. */
export class LabelCensus {
  readonly #names = new Set<string>();
  #firstOther: string | undefined;
  #anyFraction = false;

  /** @throws CodedError `labels_invalid` for a text too long to be a class's name. */
  add(label: string): void {
    if (label.length > datasetLimits.labelCharacters) {
      throw new CodedError(
        'labels_invalid',
        `A label is over ${datasetLimits.labelCharacters} characters long.`,
      );
    }
    const number = numberOf(label);
    if (number === undefined) this.#firstOther ??= label;
    else this.#anyFraction ||= !Number.isInteger(number);
    if (this.#names.size <= datasetLimits.classes) this.#names.add(label);
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** The first label that is no number within the range of 32-bit floats. */
  get firstOther(): string | undefined {
    return this.#firstOther;
  }

  /**
   * The task, which is a regression where `auto` was asked for, every label is a number and one has a fraction; and the
   * class names in order: by value where all are numbers, else by code units.
   *
   * @throws CodedError `labels_invalid` for labels that are no numbers in a regression; for fewer than two classes (of a
   *   multi-label task: for none) or more than the limit.
   */
  scheme(asked: AskedTask, splitName: string): LabelScheme {
    const areNumbers = this.#firstOther === undefined;
    const found = areNumbers && this.#anyFraction ? 'regression' : 'classification';
    const task = asked === 'auto' ? found : asked;
    if (task === 'regression') {
      checkNumbers(this, splitName);
      return { task, names: [] };
    }
    return { task, names: this.#classNames(task, splitName) };
  }

  #classNames(task: DatasetTask, splitName: string): readonly string[] {
    if (this.#names.size > datasetLimits.classes) {
      throw new CodedError(
        'labels_invalid',
        `Split ${splitName} has more than ${datasetLimits.classes} different labels, which is the limit.`,
      );
    }
    const names = [...this.#names];
    const least = task === 'multiLabel' ? 1 : 2;
    if (names.length < least) {
      const only = names[0] === undefined ? 'no label' : `one label only, ${quoted(names[0])}`;
      throw new CodedError(
        'labels_invalid',
        `Split ${splitName} has ${only}; training takes ${least} or more.`,
      );
    }
    const byCodeUnits = (left: string, right: string): number => (left < right ? -1 : 1);
    if (this.#firstOther !== undefined) return names.sort(byCodeUnits);
    return names.sort((left, right) => Number(left) - Number(right) || byCodeUnits(left, right));
  }
}

/**
 * @throws CodedError `labels_invalid` naming labels of the evaluation split that the training split does not have, or, in
 *   a regression, that are no numbers.
 */
export function checkEvaluationLabels(
  evaluation: LabelCensus,
  { task, names }: LabelScheme,
  splitNames: { readonly train: string; readonly evaluation: string },
): void {
  if (task === 'regression') {
    checkNumbers(evaluation, splitNames.evaluation);
    return;
  }
  const known = new Set(names);
  const unknown = [...evaluation.names].filter((name) => !known.has(name)).sort();
  if (unknown.length === 0) return;
  const listed = unknown
    .slice(0, datasetLimits.listedLabels)
    .map((name) => quoted(name))
    .join(', ');
  const more = unknown.length > datasetLimits.listedLabels ? ' and more' : '';
  throw new CodedError(
    'labels_invalid',
    `Split ${splitNames.evaluation} has labels that split ${splitNames.train} has not: ${listed}${more}.`,
  );
}

function checkNumbers({ firstOther }: LabelCensus, splitName: string): void {
  if (firstOther === undefined) return;
  throw new CodedError(
    'labels_invalid',
    `Split ${splitName} has a label that is no number, which a regression needs: ${quoted(firstOther)}.`,
  );
}

function numberOf(label: string): number | undefined {
  const text = label.trim();
  const isNumber = numberPattern.test(text) && Number.isFinite(Math.fround(Number(text)));
  return isNumber ? Number(text) : undefined;
}
