// The training of a fork: its parent's with changes, as far as a training that is under way can be changed.
import { CodedError, type FieldProblem } from '../error.ts';
import { resolveTraining } from './resolve-training.ts';
import type { TrainingSpec } from './spec.ts';
import { experimentSteps } from './steps.ts';
import type { SubmittedTraining } from './training-schema.ts';
import { recipeProblems } from './training-problems.ts';

/** What decides the order of the rows, or which parameters there are and of which shape. */
const fixed: Readonly<Record<string, (training: TrainingSpec) => unknown>> = {
  batchSize: ({ batchSize }) => batchSize,
  gradientAccumulation: ({ gradientAccumulation }) => gradientAccumulation,
  maxSequenceLength: ({ maxSequenceLength }) => maxSequenceLength,
  optimizer: ({ optimizer }) => optimizer.name,
  seed: ({ seed }) => seed,
  'seeds/head': ({ seeds }) => seeds.head,
  'seeds/order': ({ seeds }) => seeds.order,
  freeze: ({ freeze }) => `${freeze.embeddings} ${freeze.layers}`,
  lora: ({ lora }) => lora?.rank ?? null,
  pretraining: ({ pretraining }) => pretraining?.epochs ?? 0,
};

/**
 * @param changes fields that are left out stay as they are, those within `checkpoint`, `seeds` and `lora` too.
 * @throws CodedError `fork_not_possible` for a change of the rows' order or of a parameter's shape;
 * `invalid_request` for fields that contradict each other.
 */
export function forkedTraining(parent: TrainingSpec, changes: SubmittedTraining): TrainingSpec {
  const asked = withChanges(parent, changes);
  const contradictions = recipeProblems(asked);
  if (contradictions.length > 0)
    throw new CodedError('invalid_request', 'The changed settings contradict each other.', {
      problems: contradictions,
    });
  const training = resolveTraining(asked, Infinity);
  const problems = Object.entries(fixed)
    .filter(([, of]) => of(training) !== of(parent))
    .map(([field]): FieldProblem => ({
      path: `/training/${field}`,
      message: 'must stay as it is: the steps before were made with it',
    }));
  if (problems.length > 0) throw forkNotPossible(problems);
  return training;
}

function withChanges(parent: TrainingSpec, changes: SubmittedTraining): SubmittedTraining {
  const { seeds, checkpoint, lora, freeze } = changes;
  const warmup =
    typeof changes.warmupSteps === 'number'
      ? { warmupRatio: 0 }
      : changes.warmupRatio !== undefined && { warmupSteps: null };
  return {
    ...parent,
    ...warmup,
    ...changes,
    seeds: { ...parent.seeds, ...seeds },
    checkpoint: { ...parent.checkpoint, ...checkpoint },
    freeze: { ...parent.freeze, ...freeze },
    lora: lora === undefined ? parent.lora : lora && { ...parent.lora, ...lora },
  };
}

/**
 * @param rows of the training split.
 * @throws CodedError `fork_not_possible` when the training would be over before the step.
 */
export function requireStepsLeft(training: TrainingSpec, rows: number, step: number): void {
  const steps = experimentSteps(training, rows);
  if (step > steps)
    throw forkNotPossible([
      { path: '/training/epochs', message: `must make at least ${step} steps; it makes ${steps}` },
    ]);
}

/** The refusal of a fork. */
export function forkNotPossible(problems: readonly FieldProblem[]): CodedError {
  return new CodedError('fork_not_possible', 'An experiment cannot be forked so.', { problems });
}
