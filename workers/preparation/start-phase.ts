// How a phase of training begins, or goes on: its job for the engine, and the blobs that its checkpoints refer to.
import { CodedError } from '../../src/error.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { decodeIds, encodeIds } from '../../src/model/checkpoint-model.ts';
import type { CheckpointManifest, TrainingPhase } from '../../src/storage/checkpoint-manifest.ts';
import type { TrainingJob } from '../../src/training/job.ts';
import { trainableModel } from '../../src/training/trainable.ts';
import type { RestoredCheckpoint } from './last-intact-checkpoint.ts';
import type { PhaseInputs } from './phase-inputs.ts';
import { frozenTensors, modelBefore, storeWholeModel } from './phase-model.ts';
import { isPhaseComplete, phasePlan, type PhasePlan } from './phase-plan.ts';
import { readOrMakeAgain } from './shared-blobs.ts';

export interface StartedPhase {
  readonly job: Omit<TrainingJob, 'threads' | 'provider' | 'checkpoint'>;
  readonly isComplete: boolean;
  readonly base: BlobRef;
  readonly vocabularyBlob: BlobRef | null;
}

/** What a phase trains, and the blobs of it that all its checkpoints share. */
type StartedModel = Pick<TrainingJob, 'vocabulary' | 'frozen' | 'start'> &
  Pick<StartedPhase, 'base' | 'vocabularyBlob'>;

/**
 * @param restored the last checkpoint: of this phase, or of the one before.
 * @throws CodedError `model_incompatible`, `labels_invalid`; `blob_missing`, `blob_corrupt` when what the checkpoints refer to
 * is broken and cannot be made again; what the stores throw.
 */
export async function startPhase(
  phase: TrainingPhase,
  inputs: PhaseInputs,
  restored: RestoredCheckpoint | undefined,
  onProgress: () => void,
): Promise<StartedPhase> {
  const plan = phasePlan(phase, inputs);
  const goesOn = restored?.manifest.phase === phase;
  const { base, vocabularyBlob, ...model } = goesOn
    ? await goOn(inputs, plan, restored, onProgress)
    : await begin(inputs, plan, restored?.manifest, onProgress);
  const { head, recipe, firstStep, masking, evaluation } = plan;
  const { config, examples, manifest, untilStep } = inputs;
  return {
    job: {
      config,
      head,
      recipe,
      firstStep,
      untilStep,
      examples: { path: examples.train },
      masking,
      evaluation,
      ...model,
    },
    isComplete: goesOn && isPhaseComplete(restored.state, plan, manifest.splits.train.rows),
    base,
    vocabularyBlob,
  };
}

/** @param before the last checkpoint of the phase before. */
async function begin(
  inputs: PhaseInputs,
  plan: PhasePlan,
  before: CheckpointManifest | undefined,
  onProgress: () => void,
): Promise<StartedModel> {
  const { blobs, config } = inputs;
  const { phase, head, recipe, firstStep } = plan;
  // A head that is tied to the table of words trains all of it.
  const vocabulary = phase === 'pretraining' ? null : inputs.vocabulary;
  const whole = await modelBefore(inputs, plan, before, onProgress);
  const { start, frozen } = await trainableModel({ config, head, vocabulary }, recipe, whole, onProgress);
  return {
    vocabulary,
    frozen,
    start: { ...start, step: firstStep },
    base: await storeWholeModel(inputs, whole, onProgress),
    vocabularyBlob: vocabulary === null ? null : await blobs.putBytes(encodeIds(vocabulary)),
  };
}

/** @param restored a checkpoint of the phase. */
async function goOn(
  inputs: PhaseInputs,
  plan: PhasePlan,
  { manifest, state }: RestoredCheckpoint,
  onProgress: () => void,
): Promise<StartedModel> {
  const { blobs, log } = inputs;
  const { base, vocabulary: vocabularyBlob } = manifest.blobs;
  const vocabulary =
    vocabularyBlob === null
      ? null
      : await readOrMakeAgain(
          vocabularyBlob,
          log,
          async () => decodeIds(await blobs.bytes(vocabularyBlob)),
          () => blobs.putBytes(encodeIds(inputs.vocabulary)),
        );
  const frozen = await readOrMakeAgain(
    base,
    log,
    () => frozenTensors(inputs, base, plan, vocabulary, onProgress),
    async () => {
      const before = await checkpointBefore(inputs, plan);
      return storeWholeModel(inputs, await modelBefore(inputs, plan, before, onProgress), onProgress);
    },
  );
  return { vocabulary, frozen, start: state, base, vocabularyBlob };
}

/** The last checkpoint of the phase before. @throws CodedError `not_found` when it is gone. */
async function checkpointBefore(
  { manifestAt }: PhaseInputs,
  { firstStep }: PhasePlan,
): Promise<CheckpointManifest | undefined> {
  if (firstStep === 0) return undefined;
  const manifest = await manifestAt(firstStep);
  if (manifest?.phase !== 'pretraining')
    throw new CodedError('not_found', `The pretraining has no checkpoint at step ${firstStep}.`);
  return manifest;
}
