// What an experiment will take, told before it starts: tokens, steps, memory, time, and what a user should know.
import { CodedError } from '../error.ts';
import { allEpochs, experimentSteps } from '../experiment/steps.ts';
import { checkpointBytes } from './checkpoint.ts';
import { durationOf } from './duration.ts';
import { requireExportable } from './export.ts';
import { peakMemoryBytes, type SplitLengths } from './peak.ts';
import { evaluationsOf, phasesOf } from './plan.ts';
import type { EstimatedData, EstimatedModel, EstimateRequest } from './request.ts';
import { longestTokens, meanTokens, type EstimatedSplit } from './split.ts';
import { estimateWarnings, type EstimateWarning } from './warnings.ts';

/** null: what it depends on is not known before the experiment is prepared, or before a worker has trained anything. */
interface EstimatedNumbers {
  /** That are trained on and evaluated, each pass counted. */
  readonly tokens: number | null;
  readonly steps: number | null;
  /** Of the training worker's process at its peak. */
  readonly memoryBytes: number | null;
  /** Of a step with as many tokens as the mean. */
  readonly stepSeconds: number | null;
  /** Of training and evaluating, without preparing and waiting. */
  readonly totalSeconds: number | null;
  /** Of each checkpoint; what all share is stored once beside them. */
  readonly checkpointBytes: number | null;
  /** Whether the training worker seen last has the memory. */
  readonly fits: boolean | null;
}

export interface Estimate extends EstimatedNumbers {
  readonly warnings: readonly EstimateWarning[];
}

function lengthsOf(split: EstimatedSplit): SplitLengths {
  return { rows: split.rows, mean: meanTokens(split), longest: longestTokens(split) };
}

function numbersOf(request: EstimateRequest, model: EstimatedModel, data: EstimatedData): EstimatedNumbers {
  const { training, workers } = request;
  const { train, evaluation } = data;
  const phases = phasesOf(training, model, data.head);
  const duration = durationOf(request, phases, data);
  const memoryBytes = peakMemoryBytes({
    training,
    evaluationBatchSize: request.evaluationBatchSize,
    model,
    head: data.head,
    train: lengthsOf(train),
    evaluation: lengthsOf(evaluation),
    stepSeconds: duration?.stepSeconds ?? null,
  });
  const trained = allEpochs(training) * train.rows * meanTokens(train);
  const evaluated = evaluationsOf(training, train.rows) * evaluation.rows * meanTokens(evaluation);
  return {
    tokens: Math.round(trained + evaluated),
    steps: experimentSteps(training, train.rows),
    memoryBytes,
    stepSeconds: duration?.stepSeconds ?? null,
    totalSeconds: duration?.totalSeconds ?? null,
    checkpointBytes: Math.max(...phases.map((phase) => checkpointBytes(phase.training))),
    fits: workers.memoryLimitBytes === null ? null : memoryBytes <= workers.memoryLimitBytes,
  };
}

/**
 * Estimates what can be estimated of an experiment.
 *
 * @throws CodedError `not_supported` for a model that is too large to be exported
 */
export function estimateExperiment(request: EstimateRequest): Estimate {
  const { training, model, data } = request;
  if (model !== null && data !== null) requireExportable({ config: model.config, head: data.head });
  const numbers =
    model !== null && data !== null
      ? numbersOf(request, model, data)
      : {
          tokens: null,
          steps: data === null ? null : experimentSteps(training, data.train.rows),
          memoryBytes: null,
          stepSeconds: null,
          totalSeconds: null,
          checkpointBytes: null,
          fits: null,
        };
  return { ...numbers, warnings: estimateWarnings(request, numbers) };
}

/**
 * Refuses an experiment that would run out of memory, before it starts.
 *
 * @param memoryLimitBytes of the training worker; null where none was seen yet, and then nothing is refused.
 * @throws CodedError `does_not_fit` with the estimate.
 */
export function requireFits(
  { memoryBytes }: Pick<Estimate, 'memoryBytes'>,
  memoryLimitBytes: number | null,
): void {
  if (memoryBytes === null || memoryLimitBytes === null || memoryBytes <= memoryLimitBytes) return;
  throw new CodedError(
    'does_not_fit',
    `Training would take about ${gibibytes(memoryBytes)} GiB of memory; the training worker has ${gibibytes(memoryLimitBytes)} GiB.`,
  );
}

function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(2);
}
