// Makes an experiment that goes on from a step of another, with checkpoints of its own whose blobs both refer to.
import type { Fork } from '../../database/fork.ts';
import type { CreatedExperiment } from '../../database/experiment-repository.ts';
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import { CodedError } from '../../error.ts';
import { requireClassWeightsFit } from '../../experiment/class-weights.ts';
import { forkedTraining, forkNotPossible, requireStepsLeft } from '../../experiment/fork-training.ts';
import { defaultProject, newExperimentId } from '../../experiment/id.ts';
import { lineageOfFork } from '../../experiment/lineage.ts';
import { mostCheckpoints } from '../../experiment/retention.ts';
import { experimentSteps } from '../../experiment/steps.ts';
import { limitsDefaults, type LimitsSpec, type TrainingSpec } from '../../experiment/spec.ts';
import type { SubmittedTraining } from '../../experiment/training-schema.ts';
import { taskProblems } from '../../experiment/training-problems.ts';
import { isDamage } from '../../storage/blob-store.ts';
import type { AppDependencies } from '../dependencies.ts';
import { createOnce } from './create-once.ts';

type ForkDependencies = Pick<AppDependencies, 'repositories' | 'checkpoints'>;

export interface AskedFork {
  readonly step: number;
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly training?: SubmittedTraining;
  readonly limits?: Partial<LimitsSpec>;
}

/**
 * Creates the fork of an experiment after a step, which starts by itself, or finds the answer that the same key was given
 * before.
 *
 * @throws CodedError `not_found`; `fork_not_possible`; `invalid_request`, `labels_invalid` for settings that are wrong;
 * `idempotency_key_reused`; `storage_unavailable`.
 */
export async function forkExperiment(
  dependencies: ForkDependencies,
  parentId: string,
  asked: AskedFork,
  key: string | undefined,
): Promise<CreatedExperiment> {
  const { experiments } = dependencies.repositories;
  return createOnce(experiments, { key, body: { fork: parentId, ...asked } }, async () => {
    const parent = await experiments.require({ projectId: defaultProject, experimentId: parentId });
    const training = await settingsOf(dependencies, parent, asked);
    const id = newExperimentId();
    return {
      id,
      spec: {
        ...parent.spec,
        name: asked.name ?? parent.name,
        tags: asked.tags ?? parent.tags,
        training,
        limits: { ...limitsDefaults, ...asked.limits },
      },
      fork: {
        parent: { projectId: defaultProject, experimentId: parentId },
        step: asked.step,
        lineage: lineageOfFork(parent, asked.step),
        checkpoints: await publishCheckpoints(dependencies, id, parent, asked.step),
      },
    };
  });
}

async function settingsOf(
  { repositories }: ForkDependencies,
  { spec, snapshot }: ExperimentRecord,
  { step, training: changes = {} }: AskedFork,
): Promise<TrainingSpec> {
  const training = forkedTraining(spec.training, changes);
  const problems = taskProblems(spec.dataset.task, training);
  if (problems.length > 0)
    throw new CodedError('invalid_request', 'The changed settings do not fit the task.', { problems });
  // Settings are not to blame for a step that the parent's own never come to.
  const isReached = (settings: TrainingSpec): boolean =>
    snapshot !== null && step <= experimentSteps(settings, snapshot.rows.train);
  if (snapshot === null || ![spec.training, training].some(isReached))
    throw forkNotPossible([{ path: '/step', message: 'must be a step that was trained' }]);
  const { labels, rows } = snapshot;
  requireClassWeightsFit(labels, training.classWeights);
  requireStepsLeft(training, rows.train, step);
  if ('id' in spec.model && !(await repositories.models.get(defaultProject, spec.model.id)))
    throw new CodedError('fork_not_possible', `The model ${spec.model.id} was deleted.`);
  return training;
}

/** Writes the fork's own manifests of what its parent has kept up to the step, newest first; a broken one is left out. */
async function publishCheckpoints(
  { repositories, checkpoints }: ForkDependencies,
  id: string,
  { projectId, id: parentId }: ExperimentRecord,
  step: number,
): Promise<Fork['checkpoints']> {
  const rows = await repositories.checkpoints.listCheckpoints(
    { projectId, experimentId: parentId },
    { limit: mostCheckpoints, beforeStep: step + 1 },
  );
  // Not until the fork's end: as long as its row is not there, such pins are those of nobody.
  const pin = repositories.pins.forUpload(projectId);
  const published: Fork['checkpoints'][number][] = [];
  for (const row of rows) {
    try {
      const manifest = await checkpoints.read(parentId, row.step, row.id);
      // Also a blob that is stored already: the parent may give its checkpoint up.
      const taken = Object.values(manifest.blobs).flatMap((blob) => blob?.sha256 ?? []);
      await pin(taken);
      const own = await checkpoints.publish({ ...manifest, experimentId: id }, pin);
      const stored = [...taken, own.id];
      published.push({ parentId: row.id, own: { step: row.step, sizeBytes: row.sizeBytes, ...own, stored } });
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
  return published;
}
