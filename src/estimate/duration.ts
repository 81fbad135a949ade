// How long an experiment trains and evaluates on the machines that were seen.
import type { TrainingSpec } from '../experiment/spec.ts';
import { examplesAStep, stepsAnEpoch } from '../experiment/steps.ts';
import { evaluationsOf, type EstimatedPhase } from './plan.ts';
import type { EstimatedData, EstimateRequest } from './request.ts';
import { longestOf, meanTokens, type EstimatedSplit } from './split.ts';
import { machineFactor, referenceStepSeconds } from './time.ts';
import { evaluationWorkload, partTokens, stepWorkload, type StepWorkload } from './workload.ts';

export interface Duration {
  /** Of a step of the last phase with as many tokens as the mean. */
  readonly stepSeconds: number;
  readonly totalSeconds: number;
}

function workloadOf({ training }: EstimatedPhase, spec: TrainingSpec, train: EstimatedSplit): StepWorkload {
  const mean = meanTokens(train);
  const examples = examplesAStep(spec, train.rows);
  const examplesAPart = Math.max(1, Math.min(examples, partTokens / mean));
  return stepWorkload(training, { tokens: mean * examples, width: longestOf(train, examplesAPart) });
}

/** Seconds of one evaluation on the machine of reference. */
function evaluationSeconds(
  { training }: EstimatedPhase,
  evaluation: EstimatedSplit,
  batchSize: number,
): number {
  const rows = Math.min(batchSize, evaluation.rows);
  const shape = { tokens: meanTokens(evaluation) * rows, width: longestOf(evaluation, rows) };
  const batches = Math.ceil(evaluation.rows / batchSize);
  return batches * referenceStepSeconds(evaluationWorkload(training, shape));
}

/** @returns null where no worker has trained anything. */
export function durationOf(
  { training, workers, evaluationBatchSize, hashSizes }: EstimateRequest,
  phases: readonly [...EstimatedPhase[], EstimatedPhase],
  { train, evaluation }: EstimatedData,
): Duration | null {
  const timed = phases.map((phase) => {
    const workload = workloadOf(phase, training, train);
    const factor = machineFactor(workload, hashSizes(phase.training), workers.speeds);
    return { phase, factor, seconds: referenceStepSeconds(workload) };
  });
  const last = timed.at(-1);
  if (last === undefined || last.factor === null) return null;
  const steps = stepsAnEpoch(training, train.rows);
  const trainingSeconds = timed.reduce(
    (sum, { phase, factor, seconds }) => sum + (factor ?? 0) * seconds * phase.epochs * steps,
    0,
  );
  const evaluating = evaluationSeconds(last.phase, evaluation, evaluationBatchSize);
  return {
    stepSeconds: last.factor * last.seconds,
    totalSeconds: trainingSeconds + last.factor * evaluating * evaluationsOf(training, train.rows),
  };
}
