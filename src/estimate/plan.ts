// The phases, steps and evaluations that a recipe comes to.
import type { TrainingSpec } from '../experiment/spec.ts';
import { stepsAnEpoch } from '../experiment/steps.ts';
import type { EstimatedHead, EstimatedTraining } from './model.ts';
import type { EstimatedModel } from './request.ts';

/** A training of its own: a pretraining comes first, of all words, with a head of its own. */
export interface EstimatedPhase {
  readonly training: EstimatedTraining;
  readonly epochs: number;
}

/** The phases of an experiment in their order. */
export function phasesOf(
  training: TrainingSpec,
  { config, vocabularySize }: EstimatedModel,
  head: EstimatedHead,
): readonly [...EstimatedPhase[], EstimatedPhase] {
  const phase = { training: { config, head, recipe: training, vocabularySize }, epochs: training.epochs };
  if (training.pretraining === null) return [phase];
  const recipe = { ...training, lora: null, freeze: { embeddings: false, layers: 0 } };
  const masked = { task: 'maskedLanguage', labelCount: 0 } as const;
  const { epochs } = training.pretraining;
  const { vocabularySize: words } = config;
  return [{ training: { config, head: masked, recipe, vocabularySize: words }, epochs }, phase];
}

/** Whether a training is evaluated before its end. */
export function isEvaluatedOnTheWay({ earlyStopping, evaluateEverySteps }: TrainingSpec): boolean {
  return earlyStopping !== null || evaluateEverySteps !== null;
}

/** Evaluations, the one at the end included; an early stop is not foreseen. */
export function evaluationsOf(training: TrainingSpec, rows: number): number {
  const { evaluateEverySteps, epochs } = training;
  if (!isEvaluatedOnTheWay(training)) return 1;
  if (evaluateEverySteps === null) return 1 + epochs;
  return 1 + Math.floor((epochs * stepsAnEpoch(training, rows)) / evaluateEverySteps);
}
