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

  it('takes a model and a dataset of a hub, at the main branch where none is named', () => {
    const { source, spec } = resolveSubmission({
      ...least,
      model: { hub: 'org/model', revision: 'v1' },
      dataset: { hub: 'org/data', config: 'en', textField: 'text', labelField: 'label' },
    });
    expect(spec.model).toEqual({ hub: 'org/model', revision: 'v1' });
    expect(source).toEqual({ hub: 'org/data', config: 'en', revision: null });
  });

  it('takes every task, and pairs for all but that of words', () => {
    for (const task of ['auto', 'classification', 'regression', 'multiLabel', 'tokenClassification'] as const)
      expect(resolveSubmission({ ...least, dataset: { ...least.dataset, task } }).spec.dataset.task).toBe(
        task,
      );
    const pair = { ...least.dataset, textPairField: 'second' };
    expect(resolveSubmission({ ...least, dataset: pair }).spec.dataset.textPairField).toBe('second');
    for (const dataset of [
      { ...pair, task: 'tokenClassification' as const },
      { ...pair, textPairField: pair.labelField },
    ]) {
      const error = refusal({ ...least, dataset });
      expect(error.code).toBe('invalid_request');
      expect(pathsOf(error)).toEqual(['/dataset/textPairField']);
    }
  });

  it('keeps the experiment whose weights it starts from, and the step where it names one', () => {
    const modelOf = (model: Submission['model']) => resolveSubmission({ ...least, model }).spec.model;
    expect(modelOf({ experiment: 'exp_1', step: 300 })).toEqual({ experiment: 'exp_1', step: 300 });
    expect(modelOf({ experiment: 'exp_1' })).toEqual({ experiment: 'exp_1', step: null });
    expect(pathsOf(refusal({ ...least, model: { id: 'mdl_1', step: 3 } }))).toEqual(['/model/step']);
  });
});
