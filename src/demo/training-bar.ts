// A progress bar of training, with the loss; plain lines where the output is not a terminal.
import { Presets, SingleBar } from 'cli-progress';
import type { Experiment } from '../../openapi/client.ts';

/** Without a terminal a line is printed at most this often. */
const plainIntervalMilliseconds = 2000;

/** Shows how far an experiment is, on standard output. */
export class TrainingBar {
  readonly #isTerminal = process.stdout.isTTY;
  #bar: SingleBar | undefined;
  #lastState = '';
  #lastLine = '';
  #lastLineAt = 0;

  show({ state, progress }: Experiment): void {
    if (state !== this.#lastState && state !== 'training') {
      this.interrupt(`${state} …`);
      this.#lastState = state;
    }
    if (state !== 'training' || progress === null) return;
    const loss = progress.loss?.toFixed(4) ?? '-';
    if (this.#isTerminal) {
      this.#bar ??= this.#begin(progress.totalSteps);
      this.#bar.update(progress.step, { loss });
      return;
    }
    const line = `training  step ${progress.step} of ${progress.totalSteps}  loss ${loss}`;
    // A change may be of something else than the step, for instance of the attempt.
    if (line === this.#lastLine || Date.now() - this.#lastLineAt < plainIntervalMilliseconds) return;
    this.#lastLine = line;
    this.#lastLineAt = Date.now();
    process.stdout.write(`${line}\n`);
  }

  /** Prints a line of its own; the bar goes on below it. */
  interrupt(line: string): void {
    this.stop();
    process.stdout.write(`${line}\n`);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #begin(totalSteps: number): SingleBar {
    const format = 'training  [{bar}] step {value} of {total}  loss {loss}';
    const bar = new SingleBar({ format, hideCursor: true }, Presets.shades_classic);
    bar.start(totalSteps, 0, { loss: '-' });
    return bar;
  }
}
