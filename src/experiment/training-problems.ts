// What of a training recipe contradicts itself, its task or its model; each as the field that is wrong.
import { CodedError, type FieldProblem } from '../error.ts';
import { taskMetrics } from './metric-names.ts';
import type { AskedTask, DatasetTask, TrainingSpec } from './spec.ts';
import type { SubmittedTraining } from './training-schema.ts';

/** Tasks that `auto` may turn out to be. */
const possibleTasks: Readonly<Record<AskedTask, readonly DatasetTask[]>> = {
  auto: ['classification', 'regression'],
  classification: ['classification'],
  regression: ['regression'],
  multiLabel: ['multiLabel'],
  tokenClassification: ['tokenClassification'],
};

/** Tasks whose rows, or words, have one class each. */
const classTasks: readonly DatasetTask[] = ['classification', 'tokenClassification'];

/** Fields that exclude each other. */
export function recipeProblems(training: SubmittedTraining): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  const exclude = (field: string, isWrong: boolean, message: string): void => {
    if (isWrong) problems.push({ path: `/training/${field}`, message });
  };
  const { warmupSteps, warmupRatio = 0, freeze, layerDecay, lora, classWeights } = training;
  exclude(
    'warmupSteps',
    typeof warmupSteps === 'number' && warmupRatio !== 0,
    'cannot be set together with warmupRatio',
  );
  const hasAdapters = lora !== undefined && lora !== null;
  const freezes = freeze?.embeddings === true || (freeze?.layers ?? 0) > 0;
  exclude('freeze', hasAdapters && freezes, 'cannot be set together with lora, which trains adapters only');
  exclude('layerDecay', hasAdapters && typeof layerDecay === 'number', 'cannot be set together with lora');
  const weights = typeof classWeights === 'object' && classWeights !== null && Object.values(classWeights);
  exclude('classWeights', weights && weights.every((weight) => weight === 0), 'must have a weight above 0');
  return problems;
}

/** Fields that a task does not have. Of `auto`: those that neither of its tasks has. */
export function taskProblems(
  task: AskedTask,
  {
    earlyStopping,
    labelSmoothing,
    classWeights,
  }: Pick<SubmittedTraining, 'earlyStopping' | 'labelSmoothing' | 'classWeights'>,
): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  const tasks = possibleTasks[task];
  const metrics = tasks.flatMap((one) => Object.keys(taskMetrics[one]));
  if (earlyStopping && !metrics.includes(earlyStopping.metric))
    problems.push({
      path: '/training/earlyStopping/metric',
      message: `must be a metric of the task: ${[...new Set(metrics)].join(', ')}`,
    });
  if (tasks.some((one) => classTasks.includes(one))) return problems;
  const message = 'is for classification and tokenClassification only';
  if ((labelSmoothing ?? 0) > 0) problems.push({ path: '/training/labelSmoothing', message });
  if ((classWeights ?? null) !== null) problems.push({ path: '/training/classWeights', message });
  return problems;
}

/**
 * To be called once the labels have told what `auto` is.
 *
 * @throws CodedError `invalid_request` with the fields that the task does not have.
 */
export function requireTrainingFitsTask(task: DatasetTask, training: TrainingSpec): void {
  const problems = taskProblems(task, training);
  if (problems.length === 0) return;
  const detail = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new CodedError('invalid_request', `The labels make the task a ${task}: ${detail}.`, { problems });
}

/** What a recipe is checked against, of a model. */
export interface ModelLimits {
  /** Tokens, special ones included. */
  readonly longestInput: number;
  readonly layers: number;
}

/**
 * To be called once the model is known: an uploaded one at submission, one of a hub when it is prepared.
 *
 * @throws CodedError `sequence_too_long`; `invalid_request` for more frozen layers than the model has.
 */
export function requireTrainingFitsModel(
  { maxSequenceLength, freeze }: Pick<TrainingSpec, 'maxSequenceLength' | 'freeze'>,
  { longestInput, layers }: ModelLimits,
): void {
  if (maxSequenceLength > longestInput)
    throw new CodedError(
      'sequence_too_long',
      `training.maxSequenceLength is ${maxSequenceLength}; the model takes ${longestInput} tokens.`,
      { problems: [{ path: '/training/maxSequenceLength', message: `must be at most ${longestInput}` }] },
    );
  if (freeze.layers > layers)
    throw new CodedError('invalid_request', `training.freeze names more layers than the model has.`, {
      problems: [{ path: '/training/freeze/layers', message: `must be at most ${layers}` }],
    });
}
