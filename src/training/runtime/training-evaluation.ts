// Evaluations during training: when one is due, what it showed, and whether training is to end for it.
import type { ExampleTable } from '../../text/example-table.ts';
import { yieldRegularly } from '../../waiting/event-loop.ts';
import { evaluationInput } from '../evaluation-input.ts';
import { openExamples } from '../example-source.ts';
import type { EvaluationMemory, TrainingEvaluation, TrainingEvent, TrainingJob } from '../job.ts';
import { evaluationMetrics } from '../metrics/evaluation-metrics.ts';
import { scalarMetrics } from '../metrics/scalar-metrics.ts';
import { stepsPerEpoch } from '../batch-order.ts';
import { checkExamples } from '../batch.ts';
import { EvaluationRunner, type SlotValues } from './evaluation-runner.ts';

/** What an evaluation leaves behind. A value that is not defined is no better than any other. */
function remember(
  before: EvaluationMemory | null,
  step: number,
  value: number | null,
  higherIsBetter: boolean,
): EvaluationMemory {
  const best = before?.best ?? null;
  const isBetter =
    value !== null && (best === null || (higherIsBetter ? value > best.value : value < best.value));
  if (isBetter) return { lastStep: step, best: { step, value }, sinceBest: 0 };
  return { lastStep: step, best, sinceBest: (before?.sinceBest ?? 0) + 1 };
}

/** Steps from one evaluation to the next. @param trainingExamples their number, which tells the length of an epoch. */
function evaluationInterval(
  { everySteps }: Pick<TrainingEvaluation, 'everySteps'>,
  recipe: Parameters<typeof stepsPerEpoch>[1],
  trainingExamples: number,
): number {
  return everySteps ?? stepsPerEpoch(trainingExamples, recipe);
}

/**
 * Whether an evaluation is due after a step and was not made yet.
 * @param done steps of this training.
 */
export function isEvaluationDue(
  plan: Pick<TrainingEvaluation, 'everySteps'>,
  recipe: Parameters<typeof stepsPerEpoch>[1],
  trainingExamples: number,
  { step, firstStep, memory }: { step: number; firstStep: number; memory: EvaluationMemory | null },
): boolean {
  const done = step - firstStep;
  const interval = evaluationInterval(plan, recipe, trainingExamples);
  return done > 0 && done % interval === 0 && memory?.lastStep !== step;
}

/** The evaluations of one training, and what they have shown so far. */
export class TrainingEvaluator {
  memory: EvaluationMemory | null;
  readonly #job: TrainingJob;
  readonly #plan: TrainingEvaluation;
  readonly #table: ExampleTable;
  readonly #runner: EvaluationRunner;
  readonly #interval: number;
  readonly #trainingExamples: number;

  private constructor(
    job: TrainingJob,
    plan: TrainingEvaluation,
    table: ExampleTable,
    runner: EvaluationRunner,
    trainingExamples: number,
  ) {
    this.#job = job;
    this.#plan = plan;
    this.#table = table;
    this.#runner = runner;
    this.memory = job.start.evaluations;
    this.#trainingExamples = trainingExamples;
    this.#interval = evaluationInterval(plan, job.recipe, trainingExamples);
  }

  /** @param trainingExamples their number, which tells the length of an epoch. */
  static async open(
    job: TrainingJob,
    plan: TrainingEvaluation,
    trainingExamples: number,
  ): Promise<TrainingEvaluator> {
    const table = openExamples(plan.examples);
    try {
      checkExamples(table, job.config);
      const runner = await EvaluationRunner.open(job, job);
      return new TrainingEvaluator(job, plan, table, runner, trainingExamples);
    } catch (error) {
      table.close();
      throw error;
    }
  }

  /** The step at which the next evaluation is due, after step `step`. */
  next(step: number): number {
    const done = step - this.#job.firstStep;
    return step + this.#interval - (done % this.#interval);
  }

  /** Whether an evaluation is due after a step and was not made yet. */
  isDueAt(step: number): boolean {
    const { recipe, firstStep } = this.#job;
    return isEvaluationDue(this.#plan, recipe, this.#trainingExamples, {
      step,
      firstStep,
      memory: this.memory,
    });
  }

  /** Whether so many evaluations brought nothing better that training ends. */
  get isExhausted(): boolean {
    const { patience } = this.#plan;
    return patience !== null && (this.memory?.sinceBest ?? 0) >= patience;
  }

  /**
   * Evaluates the weights of a step; returns whether it is the best so far, or undefined when it was given up.
   * @param goOn false gives it up.
   */
  async evaluate(
    step: number,
    slots: SlotValues,
    tell: (event: TrainingEvent) => void,
    goOn: () => boolean,
  ): Promise<boolean | undefined> {
    const { labelNames, batchSize, metric, higherIsBetter } = this.#plan;
    const started = performance.now();
    const logits = await this.#runner.logits(this.#table, slots, batchSize, () => {
      tell({ kind: 'evaluating', step });
      return goOn();
    });
    if (!goOn()) return undefined;
    const input = evaluationInput(this.#table, this.#job.head, labelNames, logits);
    const yieldToOthers = yieldRegularly(() => tell({ kind: 'evaluating', step }));
    const metrics = scalarMetrics(await evaluationMetrics(input, yieldToOthers));
    this.memory = remember(this.memory, step, metrics[metric] ?? null, higherIsBetter);
    const isBest = this.memory.best?.step === step;
    const seconds = (performance.now() - started) / 1000;
    tell({ kind: 'evaluation', step, metrics, isBest, seconds });
    return isBest;
  }

  /** Frees the session and the examples. */
  async close(): Promise<void> {
    this.#table.close();
    await this.#runner.close();
  }
}
