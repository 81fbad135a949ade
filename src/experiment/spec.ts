// The specification of an experiment: a submission with every default filled in and every choice made.
import { CodedError, type FieldProblem } from '../error.ts';
import type { Submission } from './submission.ts';

export interface ScratchModel {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
}

export type ModelSource = { readonly id: string } | { readonly scratch: ScratchModel };

export interface DatasetSpec {
  readonly id: string;
  readonly textField: string;
  readonly textPairField: null;
  readonly labelField: string;
  readonly task: 'auto' | 'classification';
  readonly trainSplit: string;
  /** `null`: `validation`, else `dev`, else `test`; or a share of the training rows by `evaluationFraction`. */
  readonly evaluationSplit: string | null;
  readonly evaluationFraction: number | null;
  readonly maxTrainSamples: number | null;
  readonly maxEvaluationSamples: number | null;
  readonly shuffleBeforeSelect: boolean;
}

export interface TrainingSpec {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly maxSequenceLength: number;
  readonly weightDecay: number;
  readonly warmupRatio: number;
  readonly schedule: 'linear';
  readonly gradientClipping: number | null;
  readonly gradientAccumulation: 1;
  readonly dropout: number;
  readonly labelSmoothing: 0;
  readonly classWeights: null;
  readonly seed: number;
  readonly checkpoint: {
    readonly everySteps: number;
    readonly everySeconds: number;
    readonly keepLast: number;
    readonly keepBest: boolean;
  };
  readonly earlyStopping: null;
  readonly evaluateEverySteps: null;
}

export interface ExperimentSpec {
  readonly name: string;
  readonly tags: readonly string[];
  readonly model: ModelSource;
  readonly dataset: DatasetSpec;
  readonly training: TrainingSpec;
  readonly evaluation: { readonly batchSize: number };
}

/** Where the rows of a submission come from, before inline rows have become a dataset with an id. */
export type DatasetSource =
  | { readonly id: string }
  | {
      readonly rows: Readonly<
        Record<string, readonly Readonly<Record<string, string | number | boolean | null>>[]>
      >;
    };

/** Defaults of `training`, those of the BERT paper's fine-tuning where it names one (arXiv:1810.04805, A.3). */
export const trainingDefaults: TrainingSpec = {
  epochs: 3,
  batchSize: 32,
  learningRate: 5e-5,
  maxSequenceLength: 128,
  weightDecay: 0.01,
  warmupRatio: 0.1,
  schedule: 'linear',
  gradientClipping: 1.0,
  gradientAccumulation: 1,
  dropout: 0.1,
  labelSmoothing: 0,
  classWeights: null,
  seed: 42,
  checkpoint: { everySteps: 100, everySeconds: 60, keepLast: 3, keepBest: true },
  earlyStopping: null,
  evaluateEverySteps: null,
};

export const evaluationDefaults = { batchSize: 64 } as const;

/** A submission with defaults, its dataset still as the user gave it. */
export interface ResolvedSubmission {
  readonly source: DatasetSource;
  readonly spec: Omit<ExperimentSpec, 'dataset'> & { readonly dataset: Omit<DatasetSpec, 'id'> };
}

/**
 * Fills in every default and makes every choice that needs no look at the data.
 *
 * @throws CodedError `invalid_request` when a source is not exactly one of its kinds or fields contradict each
 * other; `not_supported` when a field asks for what the service cannot do yet.
 */
export function resolveSubmission(submission: Submission): ResolvedSubmission {
  refuseContradictions(submission);
  refuseUnsupported(submission);
  const { dataset, training = {}, evaluation = {} } = submission;
  return {
    source: dataset.id === undefined ? { rows: dataset.rows ?? {} } : { id: dataset.id },
    spec: {
      name: submission.name,
      tags: submission.tags ?? [],
      model: modelSource(submission.model),
      dataset: {
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
      },
      training: {
        ...trainingDefaults,
        epochs: training.epochs ?? trainingDefaults.epochs,
        batchSize: training.batchSize ?? trainingDefaults.batchSize,
        learningRate: training.learningRate ?? trainingDefaults.learningRate,
        maxSequenceLength: training.maxSequenceLength ?? trainingDefaults.maxSequenceLength,
        weightDecay: training.weightDecay ?? trainingDefaults.weightDecay,
        warmupRatio: training.warmupRatio ?? trainingDefaults.warmupRatio,
        gradientClipping:
          training.gradientClipping === undefined
            ? trainingDefaults.gradientClipping
            : training.gradientClipping,
        dropout: training.dropout ?? trainingDefaults.dropout,
        seed: training.seed ?? trainingDefaults.seed,
        checkpoint: { ...trainingDefaults.checkpoint, ...training.checkpoint },
      },
      evaluation: { batchSize: evaluation.batchSize ?? evaluationDefaults.batchSize },
    },
  };
}

function modelSource(model: Submission['model']): ModelSource {
  return model.scratch === undefined ? { id: model.id ?? '' } : { scratch: model.scratch };
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
  if (typeof training?.warmupSteps === 'number' && training.warmupRatio !== undefined)
    problems.push({ path: '/training/warmupSteps', message: 'cannot be set together with warmupRatio' });
  if (problems.length > 0)
    throw new CodedError('invalid_request', 'The submission contradicts itself.', { problems });
}

function refuseUnsupported({ model, dataset, training = {} }: Submission): void {
  const problems: FieldProblem[] = [];
  const refuse = (path: string, unsupported: boolean, supported: string): void => {
    if (unsupported) problems.push({ path, message: `not supported yet: ${supported}` });
  };
  const isSet = (value: unknown): boolean => value !== undefined && value !== null;
  refuse('/model/hub', isSet(model.hub), 'upload the model and use its id');
  refuse('/model/experiment', isSet(model.experiment), 'download that model and upload it');
  refuse('/dataset/hub', isSet(dataset.hub), 'upload the dataset and use its id');
  refuse('/dataset/textPairField', isSet(dataset.textPairField), 'leave it null');
  refuse(
    '/dataset/task',
    !['auto', 'classification', undefined].includes(dataset.task),
    'use auto or classification',
  );
  refuse('/training/schedule', ![undefined, 'linear'].includes(training.schedule), 'use linear');
  refuse('/training/gradientAccumulation', (training.gradientAccumulation ?? 1) !== 1, 'use 1');
  refuse('/training/labelSmoothing', (training.labelSmoothing ?? 0) !== 0, 'use 0');
  refuse('/training/optimizer', ![undefined, 'adamw'].includes(training.optimizer?.name), 'use adamw');
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
    const detail = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new CodedError('not_supported', detail, { problems });
  }
}
