import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/error.ts';
import { resolveSubmission } from '../../src/experiment/resolve-submission.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';
import type { Submission } from '../../src/experiment/submission.ts';

const least: Submission = {
  name: 'least',
  model: { id: 'mdl_1' },
  dataset: { id: 'ds_1', textField: 'text', labelField: 'label' },
};

const scratch = {
  layers: 1,
  hiddenSize: 8,
  heads: 2,
  intermediateSize: 16,
  vocabularySize: 100,
  maxPositions: 16,
};

function refusal(submission: Submission): CodedError {
  try {
    resolveSubmission(submission);
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error('the submission was not refused');
}

const pathsOf = (error: CodedError): string[] => error.problems.map(({ path }) => path);

describe('a submission', () => {
  it('gets every default that it does not name', () => {
    const { spec, source } = resolveSubmission(least);
    expect(source).toEqual({ id: 'ds_1' });
    expect(spec.training).toEqual(trainingDefaults);
    expect(spec.dataset).toMatchObject({ trainSplit: 'train', evaluationSplit: null, task: 'auto' });
    expect(spec.evaluation).toEqual({ batchSize: 64 });
  });

  it('keeps what it names, null included', () => {
    const { spec } = resolveSubmission({
      ...least,
      training: { epochs: 7, gradientClipping: null, checkpoint: { everySteps: 5 } },
    });
    expect(spec.training.epochs).toBe(7);
    expect(spec.training.gradientClipping).toBeNull();
    expect(spec.training.checkpoint).toEqual({ ...trainingDefaults.checkpoint, everySteps: 5 });
  });

  it('must name exactly one model and one dataset', () => {
    const error = refusal({
      ...least,
      model: { id: 'mdl_1', scratch },
      dataset: { textField: 'text', labelField: 'label' },
    });
    expect(error.code).toBe('invalid_request');
    expect(pathsOf(error)).toEqual(['/model', '/dataset']);
  });

  it('is refused when its heads do not divide the hidden size', () => {
    expect(pathsOf(refusal({ ...least, model: { scratch: { ...scratch, heads: 3 } } }))).toEqual([
      '/model/scratch/hiddenSize',
    ]);
  });

  it('is refused when sequences are longer than the new model’s positions', () => {
    const error = refusal({ ...least, model: { scratch }, training: { maxSequenceLength: 17 } });
    expect(error.code).toBe('sequence_too_long');
  });

  it('cannot evaluate on its training split, or on a split and a share at once', () => {
    const dataset = { ...least.dataset, evaluationFraction: 0.2 };
    expect(pathsOf(refusal({ ...least, dataset: { ...dataset, evaluationSplit: 'dev' } }))).toEqual([
      '/dataset/evaluationFraction',
    ]);
    expect(pathsOf(refusal({ ...least, dataset: { ...least.dataset, evaluationSplit: 'train' } }))).toEqual([
      '/dataset/evaluationSplit',
    ]);
  });

  it.each<[string, Partial<Submission>]>([
    ['/model/hub', { model: { hub: 'org/name' } }],
    ['/model/experiment', { model: { experiment: 'exp_1' } }],
    ['/dataset/hub', { dataset: { hub: 'org/name', textField: 'a', labelField: 'b' } }],
    ['/dataset/textPairField', { dataset: { ...least.dataset, textPairField: 'second' } }],
    ['/dataset/task', { dataset: { ...least.dataset, task: 'regression' } }],
    ['/training/schedule', { training: { schedule: 'cosine' } }],
    ['/training/gradientAccumulation', { training: { gradientAccumulation: 2 } }],
    ['/training/labelSmoothing', { training: { labelSmoothing: 0.1 } }],
    ['/training/optimizer', { training: { optimizer: { name: 'sgd' } } }],
    ['/training/classWeights', { training: { classWeights: 'balanced' } }],
    ['/training/earlyStopping', { training: { earlyStopping: { metric: 'loss', patience: 1 } } }],
    ['/training/evaluateEverySteps', { training: { evaluateEverySteps: 5 } }],
    ['/training/warmupSteps', { training: { warmupSteps: 5 } }],
    ['/training/freeze', { training: { freeze: { layers: 1 } } }],
    ['/training/layerDecay', { training: { layerDecay: 0.9 } }],
    ['/training/lora', { training: { lora: { rank: 4 } } }],
    ['/training/seeds', { training: { seeds: { head: 1 } } }],
    ['/training/pretraining', { training: { pretraining: { epochs: 1 } } }],
  ])('with %s is answered not_supported, never ignored', (path, change) => {
    const error = refusal({ ...least, ...change });
    expect(error.code).toBe('not_supported');
    expect(pathsOf(error)).toEqual([path]);
  });
});
