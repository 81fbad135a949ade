// From the values of a label column to the names of the classes.
import { CodedError } from '../error.ts';
import { datasetLimits } from './limits.ts';

const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Counts the labels of one split. Memory stops growing one label beyond the limit of classes. */
export class LabelCensus {
  readonly #names = new Set<string>();
  #allNumbers = true;
  #anyFraction = false;

  /** @throws CodedError `labels_invalid` for a text too long to be a class's name. */
  add(label: string): void {
    if (label.length > datasetLimits.labelCharacters) {
      throw new CodedError(
        'labels_invalid',
        `A label is over ${datasetLimits.labelCharacters} characters long.`,
      );
    }
    const isNumber = numberPattern.test(label);
    this.#allNumbers &&= isNumber;
    this.#anyFraction ||= isNumber && !Number.isInteger(Number(label));
    if (this.#names.size <= datasetLimits.classes) this.#names.add(label);
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /**
   * The class names in order: by value where all are whole numbers, else by code units.
   *
   * @throws CodedError `not_supported` when `auto` finds a regression (all labels are numbers, and one has a fraction),
   *   `labels_invalid` for fewer than two classes or more than the limit.
   */
  classNames(task: 'auto' | 'classification', splitName: string): readonly string[] {
    if (task === 'auto' && this.#allNumbers && this.#anyFraction) {
      throw new CodedError(
        'not_supported',
        'The labels are numbers with fractions, so the task is regression; only classification is supported.',
      );
    }
    if (this.#names.size > datasetLimits.classes) {
      throw new CodedError(
        'labels_invalid',
        `Split ${splitName} has more than ${datasetLimits.classes} different labels, which is the limit.`,
      );
    }
    const names = [...this.#names];
    if (names.length < 2) {
      const only = names[0] === undefined ? '' : `, ${quote(names[0])}`;
      throw new CodedError(
        'labels_invalid',
        `Split ${splitName} has one label only${only}; training takes two or more.`,
      );
    }
    const byCodeUnits = (left: string, right: string): number => (left < right ? -1 : 1);
    if (!this.#allNumbers) return names.sort(byCodeUnits);
    return names.sort((left, right) => Number(left) - Number(right) || byCodeUnits(left, right));
  }
}

/** @throws CodedError `labels_invalid` naming labels of the evaluation split that the training split does not have. */
export function checkEvaluationLabels(
  evaluation: LabelCensus,
  classNames: readonly string[],
  splitNames: { readonly train: string; readonly evaluation: string },
): void {
  const known = new Set(classNames);
  const unknown = [...evaluation.names].filter((name) => !known.has(name)).sort();
  if (unknown.length === 0) return;
  const listed = unknown.slice(0, datasetLimits.listedLabels).map(quote).join(', ');
  const more = unknown.length > datasetLimits.listedLabels ? ' and more' : '';
  throw new CodedError(
    'labels_invalid',
    `Split ${splitNames.evaluation} has labels that split ${splitNames.train} has not: ${listed}${more}.`,
  );
}

function quote(label: string): string {
  return JSON.stringify(label.slice(0, 60));
}
