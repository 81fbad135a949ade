// Gathers what is wrong with a file, line by line, and refuses the file with the first of it.
import { CodedError, type FieldProblem } from '../error.ts';
import { datasetLimits } from './limits.ts';

export class RowProblems {
  readonly #splitName: string;
  readonly #problems: FieldProblem[] = [];
  #lastLine = 0;

  constructor(splitName: string) {
    this.#splitName = splitName;
  }

  /** Notes a wrong line, once a line. @throws CodedError `dataset_invalid` when as many are noted as are listed. */
  add(line: number, message: string): void {
    if (line === this.#lastLine) return;
    this.#lastLine = line;
    this.#problems.push({ path: `/${this.#splitName}/line/${line}`, message });
    if (this.#problems.length >= datasetLimits.listedProblems) this.throwIfAny();
  }

  /** Notes what makes the rest of the file unreadable. */
  fail(line: number, message: string): never {
    this.add(line, message);
    throw this.#error();
  }

  throwIfAny(): void {
    if (this.#problems.length > 0) throw this.#error();
  }

  get isEmpty(): boolean {
    return this.#problems.length === 0;
  }

  #error(): CodedError {
    const lines = this.#problems.map(
      ({ path, message }) => `line ${path.slice(path.lastIndexOf('/') + 1)}: ${message}`,
    );
    return new CodedError('dataset_invalid', `Split ${this.#splitName}: ${lines.join('; ')}.`, {
      problems: this.#problems,
    });
  }
}
