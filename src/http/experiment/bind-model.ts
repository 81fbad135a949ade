// Finds the model that a submission names, and checks the recipe against it as far as it is known before preparing.
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { notFound } from '../../experiment/not-found.ts';
import type { ModelSource, ResolvedSubmission } from '../../experiment/spec.ts';
import { requireTrainingFitsModel, type ModelLimits } from '../../experiment/training-problems.ts';
import { longestInput } from '../../model/model-config.ts';
import { readStoredConfig } from '../../model/stored-config.ts';
import { requireMaskToken } from '../../model/mask-token.ts';
import { resultCheckpoint, type ResultCheckpoint } from '../../storage/result-checkpoint.ts';
import type { AppDependencies } from '../dependencies.ts';

/**
 * Makes the choices that depend on what is stored: the step of another experiment's checkpoint. What a hub's model is like
 * is known when it is prepared.
 *
 * @throws CodedError `not_found`; `no_checkpoint` of another experiment, or not of that step; `sequence_too_long`;
 * `invalid_request` for more frozen layers than there are; `model_incompatible` for pretraining with a tokenizer that has no
 * mask token.
 */
export async function bindModel(
  dependencies: AppDependencies,
  { model, training }: ResolvedSubmission['spec'],
): Promise<ModelSource> {
  if ('experiment' in model) {
    const checkpoint = await checkpointOf(dependencies, model.experiment, model.step);
    const bound = { experiment: model.experiment, step: checkpoint.step };
    requireTrainingFitsModel(training, await limitsOf(dependencies, checkpoint));
    if (training.pretraining !== null)
      await requireMaskToken(dependencies.blobs, checkpoint.manifest.blobs.tokenizer);
    return bound;
  }
  if ('id' in model) {
    const record = await dependencies.repositories.models.require(defaultProject, model.id);
    const { layers, maxPositions, positionOffset = 0 } = record.config;
    requireTrainingFitsModel(training, {
      layers,
      longestInput: longestInput({ maxPositions, positionOffset }),
    });
    if (training.pretraining !== null) await requireMaskToken(dependencies.blobs, record.blobs.tokenizer);
  }
  return model;
}

async function checkpointOf(
  { repositories, checkpoints }: AppDependencies,
  experimentId: string,
  step: number | null,
): Promise<ResultCheckpoint> {
  const reference = { projectId: defaultProject, experimentId };
  const record = await repositories.experiments.get(reference);
  if (!record)
    throw notFound('experiment', experimentId, [
      { path: '/model/experiment', message: 'must be an experiment that there is' },
    ]);
  if (step === null) return resultCheckpoint(repositories.checkpoints, checkpoints, record);
  const row = await repositories.checkpoints.getCheckpoint(reference, step);
  if (!row)
    throw new CodedError('no_checkpoint', `The experiment ${record.id} has no checkpoint of step ${step}.`, {
      problems: [{ path: '/model/step', message: 'must be a step whose checkpoint is kept' }],
    });
  return { step, id: row.id, manifest: await checkpoints.read(experimentId, step, row.id) };
}

async function limitsOf({ blobs }: AppDependencies, { manifest }: ResultCheckpoint): Promise<ModelLimits> {
  const config = await readStoredConfig(blobs, manifest.blobs.config);
  return { layers: config.layers, longestInput: longestInput(config) };
}
