// The recipe of a submission: every field as it is kept, and what of it contradicts itself, its task or its model.
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/error.ts';
import { allMetricNames, taskMetrics } from '../../src/experiment/metric-names.ts';
import { resolveSubmission } from '../../src/experiment/resolve-submission.ts';
import { trainingDefaults, type AskedTask, type TrainingSpec } from '../../src/experiment/spec.ts';
import type { Submission } from '../../src/experiment/submission.ts';
import type { SubmittedTraining } from '../../src/experiment/training-schema.ts';
import { requireTrainingFitsModel, requireTrainingFitsTask } from '../../src/experiment/training-problems.ts';

const submissionOf = (training: SubmittedTraining, task: AskedTask = 'auto'): Submission => ({
  name: 'recipe',
  model: { id: 'mdl_1' },
  dataset: { id: 'ds_1', textField: 'text', labelField: 'label', task },
  training,
});

const resolved = (training: SubmittedTraining, task?: AskedTask): TrainingSpec =>
  resolveSubmission(submissionOf(training, task)).spec.training;

function refusal(work: () => unknown): { code: string; paths: string[] } {
  try {
    work();
  } catch (error) {
    if (error instanceof CodedError)
      return { code: error.code, paths: error.problems.map(({ path }) => path) };
    throw error;
  }
  throw new Error('nothing was refused');
}

const refusedPaths = (training: SubmittedTraining, task?: AskedTask): string[] => {
  const { code, paths } = refusal(() => resolved(training, task));
  expect(code).toBe('invalid_request');
  return paths;
};

describe('a recipe', () => {
  it.each<[SubmittedTraining, Partial<TrainingSpec>]>([
    [{ schedule: 'cosine' }, { schedule: 'cosine' }],
    [{ gradientAccumulation: 4 }, { gradientAccumulation: 4 }],
    [{ optimizer: { name: 'sgd' } }, { optimizer: { name: 'sgd' } }],
    [{ labelSmoothing: 0.1 }, { labelSmoothing: 0.1 }],
    [{ classWeights: 'balanced' }, { classWeights: 'balanced' }],
    [{ classWeights: { a: 2, b: 0.5 } }, { classWeights: { a: 2, b: 0.5 } }],
    [{ warmupRatio: 0.5 }, { warmupRatio: 0.5, warmupSteps: null }],
    [{ warmupSteps: 7 }, { warmupSteps: 7, warmupRatio: 0 }],
    [{ warmupSteps: 0 }, { warmupSteps: 0, warmupRatio: 0 }],
    [{ warmupSteps: null }, { warmupSteps: null, warmupRatio: 0.1 }],
    [{ freeze: { embeddings: true } }, { freeze: { embeddings: true, layers: 0 } }],
    [{ freeze: { layers: 2 } }, { freeze: { embeddings: false, layers: 2 } }],
    [{ freeze: null }, { freeze: { embeddings: false, layers: 0 } }],
    [{ layerDecay: 0.9 }, { layerDecay: 0.9 }],
    [{ lora: { rank: 8 } }, { lora: { rank: 8, alpha: 16, dropout: 0 } }],
    [{ lora: { rank: 8, alpha: 4, dropout: 0.2 } }, { lora: { rank: 8, alpha: 4, dropout: 0.2 } }],
    [{ seed: 7 }, { seed: 7, seeds: { head: 7, order: 7, dropout: 7 } }],
    [
      { seed: 7, seeds: { order: 3 } },
      { seed: 7, seeds: { head: 7, order: 3, dropout: 7 } },
    ],
    [{ seeds: { head: 0 } }, { seed: 42, seeds: { head: 0, order: 42, dropout: 42 } }],
    [
      { earlyStopping: { metric: 'macroF1', patience: 2 }, evaluateEverySteps: 50 },
      { earlyStopping: { metric: 'macroF1', patience: 2 }, evaluateEverySteps: 50 },
    ],
    [{ pretraining: { epochs: 2 } }, { pretraining: { epochs: 2 } }],
  ])('of %o is kept, with every default filled in', (asked, kept) => {
    expect(resolved(asked)).toEqual({ ...trainingDefaults, ...kept });
  });

  it.each<[string, SubmittedTraining]>([
    ['/training/warmupSteps', { warmupSteps: 5, warmupRatio: 0.1 }],
    ['/training/freeze', { lora: { rank: 4 }, freeze: { layers: 1 } }],
    ['/training/freeze', { lora: { rank: 4 }, freeze: { embeddings: true } }],
    ['/training/layerDecay', { lora: { rank: 4 }, layerDecay: 0.9 }],
    ['/training/classWeights', { classWeights: { a: 0, b: 0 } }],
  ])('that contradicts itself in %s is refused', (path, training) => {
    expect(refusedPaths(training)).toEqual([path]);
  });

  it('that says of a field only that it is off contradicts nothing, so that a specification can be submitted again', () => {
    for (const training of [
      { warmupSteps: 5 },
      { lora: { rank: 4 } },
      { freeze: { layers: 2 } },
      { layerDecay: 0.5 },
    ]) {
      const spec = resolved(training);
      // What was answered as JSON, with everything that can be set.
      const again = JSON.parse(JSON.stringify(spec)) as SubmittedTraining;
      expect(resolved(again)).toEqual(spec);
    }
  });

  it('weighs or smoothes labels only where there is one a row or word', () => {
    for (const task of ['regression', 'multiLabel'] as const) {
      expect(refusedPaths({ labelSmoothing: 0.1 }, task)).toEqual(['/training/labelSmoothing']);
      expect(refusedPaths({ classWeights: 'balanced' }, task)).toEqual(['/training/classWeights']);
      expect(resolved({ labelSmoothing: 0, classWeights: null }, task)).toEqual(trainingDefaults);
    }
    for (const task of ['auto', 'classification', 'tokenClassification'] as const)
      expect(resolved({ labelSmoothing: 0.1, classWeights: 'balanced' }, task).labelSmoothing).toBe(0.1);
  });

  it('may stop early on each metric of its task, and on no other', () => {
    for (const task of ['classification', 'regression', 'multiLabel', 'tokenClassification'] as const)
      for (const metric of allMetricNames) {
        const training = { earlyStopping: { metric, patience: 1 } };
        if (metric in taskMetrics[task]) expect(resolved(training, task)).toMatchObject(training);
        else expect(refusedPaths(training, task)).toEqual(['/training/earlyStopping/metric']);
      }
  });

  it('of a task that the labels decide is checked as far as it can be, and again when they have', () => {
    const pearson = resolved({ earlyStopping: { metric: 'pearson', patience: 1 } });
    expect(refusedPaths({ earlyStopping: { metric: 'entityF1', patience: 1 } })).toHaveLength(1);
    expect(() => {
      requireTrainingFitsTask('regression', pearson);
    }).not.toThrow();
    expect(
      refusal(() => {
        requireTrainingFitsTask('classification', pearson);
      }),
    ).toEqual({
      code: 'invalid_request',
      paths: ['/training/earlyStopping/metric'],
    });
    const smooth = resolved({ labelSmoothing: 0.1 });
    expect(
      refusal(() => {
        requireTrainingFitsTask('regression', smooth);
      }).paths,
    ).toEqual(['/training/labelSmoothing']);
  });
});

describe('a model', () => {
  const limits = { longestInput: 64, layers: 2 };
  const recipe = (maxSequenceLength: number, layers: number) => ({
    maxSequenceLength,
    freeze: { embeddings: false, layers },
  });

  it('takes sequences up to its longest input and has as many layers to freeze as it has', () => {
    expect(() => {
      requireTrainingFitsModel(recipe(64, 2), limits);
    }).not.toThrow();
    expect(
      refusal(() => {
        requireTrainingFitsModel(recipe(65, 2), limits);
      }),
    ).toEqual({
      code: 'sequence_too_long',
      paths: ['/training/maxSequenceLength'],
    });
    expect(
      refusal(() => {
        requireTrainingFitsModel(recipe(64, 3), limits);
      }),
    ).toEqual({
      code: 'invalid_request',
      paths: ['/training/freeze/layers'],
    });
  });

  it('from scratch is known at once', () => {
    const scratch = {
      layers: 1,
      hiddenSize: 8,
      heads: 2,
      intermediateSize: 16,
      vocabularySize: 100,
      maxPositions: 16,
    };
    const submission = { ...submissionOf({ freeze: { layers: 2 } }), model: { scratch } };
    expect(refusal(() => resolveSubmission(submission)).paths).toEqual(['/training/freeze/layers']);
  });
});
