// Gathers what is wrong with a file, line by line, and refuses the file with the first of it.
import { CodedError } from '../error.ts';
import { datasetLimits } from './limits.ts';

/** What is wrong with one split's file, up to as many lines as an answer lists. */
export class RowProblems {
  readonly #splitName: string;
  /** By line: what is noted first about a line is what matters. */
  readonly #messages = new Map<number, string>();

  constructor(splitName: string) {
    this.#splitName = splitName;
  }

  /** Notes a wrong line. @throws CodedError `dataset_invalid` when as many lines are noted as are listed. */
  add(line: number, message: string): void {
    if (this.#messages.has(line)) return;
    this.#messages.set(line, message);
    if (this.#messages.size >= datasetLimits.listedProblems) this.throwIfAny();
  }

  /** Notes what makes the rest of the file unreadable. */
  fail(line: number, message: string): never {
    this.add(line, message);
    throw this.#error();
  }

  throwIfAny(): void {
    if (this.#messages.size > 0) throw this.#error();
  }

  get isEmpty(): boolean {
    return this.#messages.size === 0;
  }

  #error(): CodedError {
    const sorted = [...this.#messages].sort(([left], [right]) => left - right);
    const detail = sorted.map(([line, message]) => `line ${line}: ${message}`).join('; ');
    return new CodedError('dataset_invalid', `Split ${this.#splitName}: ${detail}.`, {
      problems: sorted.map(([line, message]) => ({ path: `/${this.#splitName}/line/${line}`, message })),
    });
  }
}
