// What a phase of training is to do: its head and recipe, the steps that are its own, and when it is over.
import { experimentSteps, pretrainingSteps } from '../../src/experiment/steps.ts';
import { noMaskToken } from '../../src/model/mask-token.ts';
import type { CheckpointManifest, TrainingPhase } from '../../src/storage/checkpoint-manifest.ts';
import type { ModelHead, Recipe, TrainingEvaluation } from '../../src/training/job.ts';
import type { MaskingVocabulary } from '../../src/training/masked-language.ts';
import { isEvaluationDue } from '../../src/training/runtime/training-evaluation.ts';
import type { PhaseInputs } from './phase-inputs.ts';
import { headOf, pretrainingRecipeOf, recipeOf, trainingEvaluationOf } from './engine-recipe.ts';

export interface PhasePlan {
  readonly phase: TrainingPhase;
  readonly head: ModelHead;
  readonly recipe: Recipe;
  /** Steps of the experiment before the phase. */
  readonly firstStep: number;
  /** Steps at the end of the phase, or of the part of it that the settings are for. */
  readonly lastStep: number;
  readonly masking: MaskingVocabulary | null;
  readonly evaluation: TrainingEvaluation | null;
}

/**
 * @throws CodedError `labels_invalid` when class weights or the metric of an early stop do not fit the labels;
 * `model_incompatible` when pretraining has no mask to put in a word's place.
 */
export function phasePlan(phase: TrainingPhase, inputs: PhaseInputs): PhasePlan {
  const { manifest, examples, untilStep } = inputs;
  const ending = (last: number): number => Math.min(last, untilStep ?? Infinity);
  const { training, evaluation } = inputs.spec;
  const { rows } = manifest.splits.train;
  const before = pretrainingSteps(training, rows);
  // Also while pretraining: what the labels refuse is refused before it begins.
  const labelled = trainingEvaluationOf(
    training,
    manifest,
    { path: examples.evaluation },
    evaluation.batchSize,
  );
  if (phase === 'pretraining')
    return {
      phase,
      head: { task: 'maskedLanguage', labelCount: 0 },
      recipe: pretrainingRecipeOf(training, training.pretraining?.epochs ?? 0),
      firstStep: 0,
      lastStep: ending(before),
      masking: maskingOf(inputs),
      evaluation: null,
    };
  return {
    phase,
    head: headOf(manifest),
    recipe: recipeOf(training, manifest),
    firstStep: before,
    lastStep: ending(experimentSteps(training, rows)),
    masking: null,
    // What others made before went on: their patience had not run out.
    evaluation: labelled && { ...labelled, patience: untilStep === null ? labelled.patience : null },
  };
}

function maskingOf({ tokenizer, config }: PhaseInputs): MaskingVocabulary {
  const { maskId, classificationId, separatorId, paddingId, unknownId } = tokenizer;
  if (maskId === undefined) throw noMaskToken();
  return {
    maskId,
    specialIds: new Set([maskId, classificationId, separatorId, paddingId, unknownId]),
    vocabularySize: Math.min(tokenizer.vocabularySize, config.vocabularySize),
  };
}

/** Whether a checkpoint of a phase is its end: nothing is left to train, and no evaluation of it was missed. */
export function isPhaseComplete(
  { step, evaluations: memory }: Pick<CheckpointManifest, 'step' | 'evaluations'>,
  { recipe, firstStep, lastStep, evaluation }: PhasePlan,
  rows: number,
): boolean {
  if (evaluation === null) return step >= lastStep;
  if (isEvaluationDue(evaluation, recipe, rows, { step, firstStep, memory })) return false;
  return step >= lastStep || (memory?.sinceBest ?? 0) >= (evaluation.patience ?? Infinity);
}
