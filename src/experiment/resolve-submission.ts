// From a submission to a specification: fills in every default, refuses contradictions and what cannot be done yet.
import { CodedError, type FieldProblem } from '../error.ts';
import {
  evaluationDefaults,
  trainingDefaults,
  type DatasetSpec,
  type ModelSource,
  type ResolvedSubmission,
  type TrainingSpec,
} from './spec.ts';
import type { Submission } from './submission.ts';

/**
 * Fills in every default and makes every choice that needs no look at the data.
 *
 * @throws CodedError `invalid_request` when a source is not exactly one of its kinds or fields contradict each
 * other; `not_supported` when a field asks for what the service cannot do yet; `sequence_too_long` when a model from
 * scratch has fewer positions than `maxSequenceLength`.
 */
export function resolveSubmission(submission: Submission): ResolvedSubmission {
  refuseContradictions(submission);
  refuseUnsupported(submission);
  const { name, tags = [], model, dataset, evaluation = {} } = submission;
  return {
    source: dataset.id === undefined ? { rows: dataset.rows ?? {} } : { id: dataset.id },
    spec: {
      name,
      tags,
      model: modelSource(model),
      dataset: datasetSpec(dataset),
      training: trainingSpec(submission),
      evaluation: { batchSize: evaluation.batchSize ?? evaluationDefaults.batchSize },
    },
  };
}

function modelSource(model: Submission['model']): ModelSource {
  return model.scratch === undefined ? { id: model.id ?? '' } : { scratch: model.scratch };
}

function datasetSpec(dataset: Submission['dataset']): Omit<DatasetSpec, 'id'> {
  return {
    textField: dataset.textField,
    textPairField: null,
    labelField: dataset.labelField,
    task: dataset.task === 'classification' ? 'classification' : 'auto',
    trainSplit: dataset.trainSplit ?? 'train',
    evaluationSplit: dataset.evaluationSplit ?? null,
    evaluationFraction: dataset.evaluationFraction ?? null,
    maxTrainSamples: dataset.maxTrainSamples ?? null,
    maxEvaluationSamples: dataset.maxEvaluationSamples ?? null,
    shuffleBeforeSelect: dataset.shuffleBeforeSelect ?? true,
  };
}

function trainingSpec({ model, training = {} }: Submission): TrainingSpec {
  const defaults = trainingDefaults;
  const positions = model.scratch?.maxPositions ?? Infinity;
  const maxSequenceLength = training.maxSequenceLength ?? Math.min(defaults.maxSequenceLength, positions);
  if (maxSequenceLength > positions)
    throw new CodedError(
      'sequence_too_long',
      `training.maxSequenceLength is ${maxSequenceLength}, and model.scratch.maxPositions ${positions}.`,
    );
  return {
    ...defaults,
    epochs: training.epochs ?? defaults.epochs,
    batchSize: training.batchSize ?? defaults.batchSize,
    learningRate: training.learningRate ?? defaults.learningRate,
    maxSequenceLength,
    weightDecay: training.weightDecay ?? defaults.weightDecay,
    warmupRatio: training.warmupRatio ?? defaults.warmupRatio,
    gradientClipping:
      training.gradientClipping === undefined ? defaults.gradientClipping : training.gradientClipping,
    dropout: training.dropout ?? defaults.dropout,
    seed: training.seed ?? defaults.seed,
    checkpoint: { ...defaults.checkpoint, ...training.checkpoint },
  };
}

function refuseContradictions({ model, dataset, training }: Submission): void {
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
  if (typeof training?.warmupSteps === 'number' && training.warmupRatio !== undefined)
    problems.push({ path: '/training/warmupSteps', message: 'cannot be set together with warmupRatio' });
  if (problems.length > 0)
    throw new CodedError('invalid_request', 'The submission contradicts itself.', { problems });
}

function refuseUnsupported({ model, dataset, training = {} }: Submission): void {
  const problems: FieldProblem[] = [];
  const refuse = (path: string, unsupported: boolean, supported: string): void => {
    if (unsupported) problems.push({ path, message: `not supported yet, ${supported}` });
  };
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  refuse('/model/hub', isSet(model.hub), 'upload the model and use its id');
  refuse('/model/experiment', isSet(model.experiment), 'download that model and upload it');
  refuse('/dataset/hub', isSet(dataset.hub), 'upload the dataset and use its id');
  refuse('/dataset/textPairField', isSet(dataset.textPairField), 'leave it null');
  refuse(
    '/dataset/task',
    !['auto', 'classification'].includes(dataset.task ?? 'auto'),
    'use auto or classification',
  );
  refuse('/training/schedule', (training.schedule ?? 'linear') !== 'linear', 'use linear');
  refuse('/training/gradientAccumulation', (training.gradientAccumulation ?? 1) !== 1, 'use 1');
  refuse('/training/labelSmoothing', (training.labelSmoothing ?? 0) !== 0, 'use 0');
  refuse('/training/optimizer', (training.optimizer?.name ?? 'adamw') !== 'adamw', 'use adamw');
  const unset = [
    'classWeights',
    'earlyStopping',
    'evaluateEverySteps',
    'warmupSteps',
    'freeze',
    'layerDecay',
    'lora',
  ];
  for (const field of [...unset, 'seeds', 'pretraining'] as (keyof typeof training)[])
    refuse(`/training/${field}`, isSet(training[field]), 'leave it out');
  if (problems.length > 0) {
    const detail = `${problems.map(({ path, message }) => `${path} is ${message}`).join('; ')}.`;
    throw new CodedError('not_supported', detail, { problems });
  }
}
