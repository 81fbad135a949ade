// From a submission to a specification: fills in every default and refuses contradictions.
import { CodedError, type FieldProblem } from '../error.ts';
import { resolveTraining } from './resolve-training.ts';
import {
  evaluationDefaults,
  limitsDefaults,
  type AskedModel,
  type DatasetSource,
  type DatasetUse,
  type ResolvedSubmission,
} from './spec.ts';
import type { Submission } from './submission.ts';
import { recipeProblems, requireTrainingFitsModel, taskProblems } from './training-problems.ts';

/**
 * Fills in every default and makes every choice that needs no look at the data.
 *
 * @throws CodedError `invalid_request` when a source is not exactly one of its kinds or fields contradict each
 * other; `sequence_too_long` when a model from scratch has fewer positions than `maxSequenceLength`.
 */
export function resolveSubmission(submission: Submission): ResolvedSubmission {
  refuseContradictions(submission);
  const { name, tags = [], model, dataset, training: asked = {}, evaluation = {}, limits } = submission;
  const training = resolveTraining(asked, model.scratch?.maxPositions ?? Infinity);
  if (model.scratch !== undefined)
    requireTrainingFitsModel(training, { ...model.scratch, longestInput: model.scratch.maxPositions });
  return {
    source: datasetSource(dataset),
    spec: {
      name,
      tags,
      model: modelSource(model),
      dataset: datasetUse(dataset),
      training,
      evaluation: { batchSize: evaluation.batchSize ?? evaluationDefaults.batchSize },
      limits: { ...limitsDefaults, ...limits },
    },
  };
}

function modelSource(model: Submission['model']): AskedModel {
  if (model.scratch !== undefined) return { scratch: model.scratch };
  if (model.hub !== undefined) return { hub: model.hub, revision: model.revision ?? null };
  if (model.experiment !== undefined) return { experiment: model.experiment, step: model.step ?? null };
  return { id: model.id ?? '' };
}

function datasetSource({ id, hub, config, revision, rows }: Submission['dataset']): DatasetSource {
  if (id !== undefined) return { id };
  return hub === undefined
    ? { rows: rows ?? {} }
    : { hub, config: config ?? null, revision: revision ?? null };
}

function datasetUse(dataset: Submission['dataset']): DatasetUse {
  return {
    textField: dataset.textField,
    textPairField: dataset.textPairField ?? null,
    labelField: dataset.labelField,
    task: dataset.task ?? 'auto',
    trainSplit: dataset.trainSplit ?? 'train',
    evaluationSplit: dataset.evaluationSplit ?? null,
    evaluationFraction: dataset.evaluationFraction ?? null,
    maxTrainSamples: dataset.maxTrainSamples ?? null,
    maxEvaluationSamples: dataset.maxEvaluationSamples ?? null,
    shuffleBeforeSelect: dataset.shuffleBeforeSelect ?? true,
  };
}

function refuseContradictions({ model, dataset, training = {} }: Submission): void {
  const problems: FieldProblem[] = [];
  const exactlyOne = (path: string, object: object, kinds: readonly string[]): void => {
    if (kinds.filter((kind) => kind in object).length !== 1)
      problems.push({ path, message: `must have exactly one of ${kinds.join(', ')}` });
  };
  const onlyWith = (path: string, object: object, field: string, other: string): void => {
    if (field in object && !(other in object))
      problems.push({ path: `${path}/${field}`, message: `is allowed only with ${other}` });
  };
  exactlyOne('/model', model, ['id', 'hub', 'scratch', 'experiment']);
  onlyWith('/model', model, 'revision', 'hub');
  onlyWith('/model', model, 'step', 'experiment');
  exactlyOne('/dataset', dataset, ['id', 'hub', 'rows']);
  onlyWith('/dataset', dataset, 'config', 'hub');
  onlyWith('/dataset', dataset, 'revision', 'hub');
  const { scratch } = model;
  if (scratch !== undefined && scratch.hiddenSize % scratch.heads !== 0)
    problems.push({
      path: '/model/scratch/hiddenSize',
      message: `must be divisible by heads (${scratch.heads})`,
    });
  if (typeof dataset.evaluationSplit === 'string' && typeof dataset.evaluationFraction === 'number')
    problems.push({
      path: '/dataset/evaluationFraction',
      message: 'cannot be set together with evaluationSplit',
    });
  if (dataset.evaluationSplit === (dataset.trainSplit ?? 'train'))
    problems.push({ path: '/dataset/evaluationSplit', message: 'must be another split than trainSplit' });
  if (dataset.textField === dataset.labelField)
    problems.push({ path: '/dataset/labelField', message: 'must be another column than textField' });
  if (typeof dataset.textPairField === 'string') {
    const path = '/dataset/textPairField';
    if (dataset.task === 'tokenClassification')
      problems.push({ path, message: 'is not allowed with tokenClassification' });
    if ([dataset.textField, dataset.labelField].includes(dataset.textPairField))
      problems.push({ path, message: 'must be another column than textField and labelField' });
  }
  problems.push(...recipeProblems(training), ...taskProblems(dataset.task ?? 'auto', training));
  if (problems.length > 0)
    throw new CodedError('invalid_request', 'The submission contradicts itself.', { problems });
}
