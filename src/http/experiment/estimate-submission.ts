// What a submission would take, without storing anything of it.
import { splitsOfRows } from '../../dataset/inline-rows.ts';
import { sampleDataset, type CountedSplit, type SampledDataset } from '../../dataset/sample-dataset.ts';
import { CodedError } from '../../error.ts';
import { estimateExperiment } from '../../estimate/estimate.ts';
import type { ModelSizes } from '../../estimate/model.ts';
import type { EstimatedModel } from '../../estimate/request.ts';
import { trainedSizes } from '../../estimate/time.ts';
import { requireClassWeightsFit } from '../../experiment/class-weights.ts';
import { defaultProject } from '../../experiment/id.ts';
import { resolveSubmission } from '../../experiment/resolve-submission.ts';
import type { ModelSource, ResolvedSubmission } from '../../experiment/spec.ts';
import type { Submission } from '../../experiment/submission.ts';
import { requireTrainingFitsTask } from '../../experiment/training-problems.ts';
import { readModelConfig } from '../../model/model-config.ts';
import { sha256Of } from '../../storage/blob-store.ts';
import { canonicalJson } from '../../json/canonical-json.ts';
import { bindModel } from './bind-model.ts';
import type { AppDependencies } from '../dependencies.ts';
import type { EstimateBody } from '../schemas/estimate.ts';

/** Observations that an estimate looks at, the latest ones. */
const mostCalibrations = 200;

/** Token types that a model from scratch has, as the BERT paper's (Devlin et al., arXiv 1810.04805). */
const scratchTokenTypes = 2;

/** A model before its data is known: `sizes` is null for one of a hub. */
interface FoundModel {
  readonly sizes: ModelSizes | null;
  /** `undefined`: to be learned from the texts. */
  readonly tokenizerJson: string | undefined;
}

/**
 * Looks at the model and at a sample of the rows, and tells what the experiment would take.
 *
 * @throws CodedError what a submission is refused with, also for what is known only once its rows are looked at.
 */
export async function estimateSubmission(
  dependencies: AppDependencies,
  submission: Submission,
): Promise<EstimateBody> {
  const { source, spec } = resolveSubmission(submission);
  const bound = await bindModel(dependencies, spec);
  const found = await findModel(dependencies, bound);
  const splits = await findSplits(dependencies, source);
  const sampled = splits === null ? null : await sample(splits, spec, found);
  const { calibrations } = dependencies.repositories;
  const speeds = await calibrations.latest(mostCalibrations);
  const { warnings, ...estimate } = estimateExperiment({
    training: spec.training,
    evaluationBatchSize: spec.evaluation.batchSize,
    model: found.sizes === null || sampled === null ? null : modelOf(found.sizes, bound, sampled),
    data: sampled?.data ?? null,
    workers: { speeds, memoryLimitBytes: speeds[0]?.memoryLimitBytes ?? null },
    hashSizes: (training) => sha256Of(canonicalJson(trainedSizes(training))),
  });
  return { ...estimate, warnings: [...warnings] };
}

/** A model from scratch has as many words as are learned. */
function modelOf(
  sizes: ModelSizes,
  model: ModelSource,
  { tokenizerSize, wordsInUse }: SampledDataset,
): EstimatedModel {
  const vocabularySize =
    'scratch' in model ? Math.min(tokenizerSize, sizes.vocabularySize) : sizes.vocabularySize;
  return { config: { ...sizes, vocabularySize }, vocabularySize: Math.min(wordsInUse, vocabularySize) };
}

async function findModel(
  { repositories, blobs, checkpoints }: AppDependencies,
  model: ModelSource,
): Promise<FoundModel> {
  if ('scratch' in model) {
    const sizes = { ...model.scratch, family: 'bert', typeVocabularySize: scratchTokenTypes } as const;
    return { sizes, tokenizerJson: undefined };
  }
  if ('hub' in model) return { sizes: null, tokenizerJson: undefined };
  const files = await filesOf({ repositories, checkpoints }, model);
  return {
    sizes: readModelConfig(await blobs.text(files.config)),
    tokenizerJson: await blobs.text(files.tokenizer),
  };
}

/** Both are known to be there: `bindModel` looked. */
async function filesOf(
  { repositories, checkpoints }: Pick<AppDependencies, 'repositories' | 'checkpoints'>,
  model: Exclude<ModelSource, { readonly scratch: unknown } | { readonly hub: string }>,
) {
  if ('id' in model) return (await repositories.models.require(defaultProject, model.id)).blobs;
  const reference = { projectId: defaultProject, experimentId: model.experiment };
  const checkpoint = await repositories.checkpoints.getCheckpoint(reference, model.step);
  if (checkpoint) return (await checkpoints.read(model.experiment, checkpoint.step, checkpoint.id)).blobs;
  throw new CodedError('no_checkpoint', `There is no checkpoint of step ${model.step}.`);
}

/** @returns null for a dataset of a hub. */
async function findSplits(
  { repositories, blobs }: AppDependencies,
  source: ResolvedSubmission['source'],
): Promise<readonly CountedSplit[] | null> {
  if ('hub' in source) return null;
  if ('id' in source) {
    const { splits } = await repositories.datasets.require(defaultProject, source.id);
    return Object.entries(splits).map(([name, { format, rows, blob }]) => ({
      name,
      format,
      fileRows: rows,
      open: () => blobs.get(blob),
    }));
  }
  return splitsOfRows(source.rows);
}

async function sample(
  splits: readonly CountedSplit[],
  { dataset, training }: ResolvedSubmission['spec'],
  { tokenizerJson, sizes }: FoundModel,
): Promise<SampledDataset> {
  const sampled = await sampleDataset({
    splits,
    use: dataset,
    maxSequenceLength: training.maxSequenceLength,
    tokenizerJson,
    vocabularySize: sizes?.vocabularySize ?? 0,
  });
  const { task, names } = sampled.scheme;
  requireTrainingFitsTask(task, training);
  if (sampled.isWhole) requireClassWeightsFit(names, training.classWeights);
  return sampled;
}
