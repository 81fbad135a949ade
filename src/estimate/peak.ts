// The memory that an experiment takes at its peak, all of its phases considered: from estimates of its data, or from what a
// snapshot knows exactly.
import type { TrainingSpec } from '../experiment/spec.ts';
import { examplesAStep, stepsAnEpoch } from '../experiment/steps.ts';
import { trainingMemoryBytes } from './memory.ts';
import type { EstimatedHead } from './model.ts';
import { isEvaluatedOnTheWay, phasesOf, type EstimatedPhase } from './plan.ts';
import type { EstimatedModel } from './request.ts';

/** What memory depends on, of a split. Lengths are in tokens, special ones included. */
export interface SplitLengths {
  readonly rows: number;
  readonly mean: number;
  readonly longest: number;
}

export interface PeakInput {
  readonly training: TrainingSpec;
  readonly evaluationBatchSize: number;
  readonly model: EstimatedModel;
  readonly head: EstimatedHead;
  readonly train: SplitLengths;
  readonly evaluation: SplitLengths;
  /** Of a step; null where no worker has told its speed. */
  readonly stepSeconds: number | null;
}

/** Tokens of a batch of evaluation, at the most, where training is evaluated on the way. */
function evaluationTokens(
  { training, evaluationBatchSize, evaluation }: PeakInput,
  { head }: EstimatedPhase['training'],
): number {
  if (head.task === 'maskedLanguage' || !isEvaluatedOnTheWay(training)) return 0;
  return Math.min(evaluationBatchSize, evaluation.rows) * evaluation.longest;
}

/** Bytes of memory that a training worker's process takes at the peak of an experiment. */
export function peakMemoryBytes(input: PeakInput): number {
  const { training, train, stepSeconds } = input;
  const ofPhases = phasesOf(training, input.model, input.head).map((phase) =>
    trainingMemoryBytes({
      ...phase.training,
      longest: train.longest,
      batchTokens: train.mean * examplesAStep(training, train.rows),
      evaluationTokens: evaluationTokens(input, phase.training),
      stepSeconds,
      everySteps: Math.min(training.checkpoint.everySteps, phase.epochs * stepsAnEpoch(training, train.rows)),
    }),
  );
  return Math.max(...ofPhases);
}
