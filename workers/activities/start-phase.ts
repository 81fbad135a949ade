// How a phase of training begins, or goes on: its job for the engine, and the blobs that its checkpoints refer to.
import type { SnapshotManifest } from '../../src/dataset/snapshot-manifest.ts';
import { CodedError } from '../../src/error.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import type { ModelConfig } from '../../src/model/model-config.ts';
import { readSafetensors, safetensorsFile } from '../../src/model/safetensors.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { TrainingPhase } from '../../src/storage/checkpoint-manifest.ts';
import type { Tokenizer } from '../../src/text/tokenizer.ts';
import { parameterSpecifications } from '../../src/training/bert/parameters.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import type {
  ModelHead,
  NamedTensor,
  Recipe,
  TrainingEvaluation,
  TrainingJob,
} from '../../src/training/job.ts';
import type { MaskingVocabulary } from '../../src/training/masked-language.ts';
import { modelLayout } from '../../src/training/model-layout.ts';
import { isEvaluationDue } from '../../src/training/runtime/training-evaluation.ts';
import { configInUse } from '../../src/training/step-planner.ts';
import { tensorInUse, trainableModel } from '../../src/training/trainable.ts';
import type { RestoredCheckpoint } from './last-intact-checkpoint.ts';
import {
  experimentSteps,
  headOf,
  pretrainingRecipeOf,
  pretrainingSteps,
  recipeOf,
  trainingEvaluationOf,
} from './training-plan.ts';
import { checkpointTensors, decodeIds, encodeIds } from '../../src/model/checkpoint-model.ts';

/** What every phase of an experiment starts from. */
export interface PhaseInputs {
  readonly blobs: BlobStore;
  readonly spec: ExperimentSpec;
  readonly manifest: SnapshotManifest;
  readonly config: ModelConfig;
  /** Tensors of the model that the experiment begins with; none from scratch. */
  readonly pretrained: (onProgress: () => void) => Promise<readonly NamedTensor[]>;
  readonly tokenizer: Tokenizer;
  /** The ids that the examples use. */
  readonly vocabulary: Int32Array;
  /** Files of examples on this machine. */
  readonly examples: { readonly train: string; readonly evaluation: string };
}

export interface StartedPhase {
  readonly job: Omit<TrainingJob, 'threads' | 'provider' | 'checkpoint'>;
  readonly isComplete: boolean;
  readonly base: BlobRef;
  readonly vocabularyBlob: BlobRef | null;
}

interface PhasePlan {
  readonly head: ModelHead;
  readonly recipe: Recipe;
  readonly firstStep: number;
  /** Steps at the end of the phase. */
  readonly lastStep: number;
}

function planOf(phase: TrainingPhase, { spec: { training }, manifest }: PhaseInputs): PhasePlan {
  const { rows } = manifest.splits.train;
  const before = pretrainingSteps(training, rows);
  if (phase === 'pretraining')
    return {
      head: { task: 'maskedLanguage', labelCount: 0 },
      recipe: pretrainingRecipeOf(training, training.pretraining?.epochs ?? 0),
      firstStep: 0,
      lastStep: before,
    };
  return {
    head: headOf(manifest),
    recipe: recipeOf(training, manifest),
    firstStep: before,
    lastStep: experimentSteps(training, rows),
  };
}

/** @throws CodedError `model_incompatible` when the tokenizer has no mask to put in a word's place. */
function maskingOf({ tokenizer, config }: PhaseInputs): MaskingVocabulary {
  const { maskId, classificationId, separatorId, paddingId, unknownId } = tokenizer;
  if (maskId === undefined)
    throw new CodedError('model_incompatible', 'Pretraining needs a tokenizer with a mask token.');
  return {
    maskId,
    specialIds: new Set([maskId, classificationId, separatorId, paddingId, unknownId]),
    vocabularySize: Math.min(tokenizer.vocabularySize, config.vocabularySize),
  };
}

/**
 * The tensors that a phase begins with: the experiment's model, or what the pretraining made of its encoder. A head of
 * another task or for other labels is left out, and drawn anew.
 */
async function givenTensors(
  { blobs, config, pretrained }: PhaseInputs,
  before: RestoredCheckpoint | undefined,
  head: ModelHead,
  onProgress: () => void,
): Promise<readonly NamedTensor[]> {
  const tensors =
    before === undefined
      ? await pretrained(onProgress)
      : await checkpointTensors(blobs, before.manifest, onProgress);
  const known = new Map(
    parameterSpecifications(config, head).map((specification) => [specification.name, specification]),
  );
  return tensors.filter(({ name, shape }) => {
    const specification = known.get(name);
    if (specification === undefined) return false;
    return specification.depth <= config.layers || shape.join() === specification.shape.join();
  });
}

/** Reads what a phase leaves as it is out of the model that it began with. */
async function frozenTensors(
  { blobs, config }: PhaseInputs,
  base: BlobRef,
  { head, recipe }: PhasePlan,
  vocabulary: Int32Array | null,
  onProgress: () => void,
): Promise<readonly NamedTensor[]> {
  const { frozenShapes } = modelLayout(configInUse({ config, vocabulary }), head, recipe);
  if (frozenShapes.size === 0) return [];
  const tensors = await readSafetensors(await blobs.get(base), base.sizeBytes, onProgress);
  return tensors
    .filter(({ name }) => frozenShapes.has(name))
    .map((tensor) => tensorInUse(tensor, { config, vocabulary }));
}

/** Whether a checkpoint of a phase is its end: nothing is left to train, and no evaluation of it was missed. */
function isComplete(
  { manifest: { step, evaluations: memory } }: RestoredCheckpoint,
  { recipe, firstStep, lastStep }: PhasePlan,
  evaluation: TrainingEvaluation | null,
  rows: number,
): boolean {
  if (evaluation === null) return step >= lastStep;
  if (isEvaluationDue(evaluation, recipe, rows, { step, firstStep, memory })) return false;
  return step >= lastStep || (memory?.sinceBest ?? 0) >= (evaluation.patience ?? Infinity);
}

/**
 * @param restored the last checkpoint: of this phase, or of the one before.
 * @throws CodedError `model_incompatible`, `labels_invalid`; what the stores throw.
 */
export async function startPhase(
  phase: TrainingPhase,
  inputs: PhaseInputs,
  restored: RestoredCheckpoint | undefined,
  onProgress: () => void,
): Promise<StartedPhase> {
  const { blobs, spec, manifest, config, examples } = inputs;
  const plan = planOf(phase, inputs);
  const { head, recipe, firstStep } = plan;
  const evaluation = trainingEvaluationOf(
    spec.training,
    manifest,
    { path: examples.evaluation },
    spec.evaluation.batchSize,
  );
  const common = {
    config,
    head,
    recipe,
    firstStep,
    examples: { path: examples.train },
    masking: phase === 'pretraining' ? maskingOf(inputs) : null,
    evaluation: phase === 'pretraining' ? null : evaluation,
  };
  if (restored?.manifest.phase === phase) {
    const { base, vocabulary: vocabularyBlob } = restored.manifest.blobs;
    const vocabulary = vocabularyBlob === null ? null : decodeIds(await blobs.bytes(vocabularyBlob));
    return {
      job: {
        ...common,
        vocabulary,
        frozen: await frozenTensors(inputs, base, plan, vocabulary, onProgress),
        start: restored.state,
      },
      isComplete: isComplete(restored, plan, common.evaluation, manifest.splits.train.rows),
      base,
      vocabularyBlob,
    };
  }
  // A head that is tied to the table of words trains all of it.
  const vocabulary = phase === 'pretraining' ? null : inputs.vocabulary;
  const given = await givenTensors(inputs, restored, head, onProgress);
  const whole = await initialParameters({ config, head }, recipe.seeds.head, given, onProgress);
  const { start, frozen } = await trainableModel({ config, head, vocabulary }, recipe, whole, onProgress);
  return {
    job: { ...common, vocabulary, frozen, start: { ...start, step: firstStep } },
    isComplete: false,
    base: await blobs.putParts(safetensorsFile(whole).parts, onProgress),
    vocabularyBlob: vocabulary === null ? null : await blobs.putBytes(encodeIds(vocabulary)),
  };
}
