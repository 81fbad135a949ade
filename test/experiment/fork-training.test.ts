// What a fork may change, and which settings each of its steps is made with.
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/error.ts';
import { forkedTraining, requireStepsLeft } from '../../src/experiment/fork-training.ts';
import { lineageOfFork, settingsAfter } from '../../src/experiment/lineage.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';
import type { SubmittedTraining } from '../../src/experiment/training-schema.ts';

const parent = {
  ...trainingDefaults,
  seeds: { head: 1, order: 2, dropout: 3 },
  lora: { rank: 4, alpha: 8, dropout: 0.1 },
  checkpoint: { everySteps: 7, everySeconds: 9, keepLast: 2, keepBest: false },
};

function pathsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof CodedError) return [error.code, ...error.problems.map(({ path }) => path)];
    throw error;
  }
  return [];
}

describe('a fork', () => {
  it('keeps every setting that it does not change, those within others too', () => {
    expect(forkedTraining(parent, {})).toEqual(parent);
    expect(
      forkedTraining(parent, {
        learningRate: 1e-3,
        checkpoint: { everySteps: 5 },
        seeds: { dropout: 9 },
        lora: { rank: 4, alpha: 2 },
        warmupSteps: 4,
      }),
    ).toEqual({
      ...parent,
      learningRate: 1e-3,
      checkpoint: { ...parent.checkpoint, everySteps: 5 },
      seeds: { ...parent.seeds, dropout: 9 },
      lora: { rank: 4, alpha: 2, dropout: 0.1 },
      warmupSteps: 4,
      warmupRatio: 0,
    });
    expect(forkedTraining({ ...parent, warmupSteps: 4, warmupRatio: 0 }, { warmupRatio: 0.2 })).toMatchObject(
      {
        warmupSteps: null,
        warmupRatio: 0.2,
      },
    );
  });

  it.each<[string, SubmittedTraining]>([
    ['batchSize', { batchSize: 8 }],
    ['gradientAccumulation', { gradientAccumulation: 2 }],
    ['maxSequenceLength', { maxSequenceLength: 64 }],
    ['optimizer', { optimizer: { name: 'sgd' } }],
    ['seed', { seed: 5 }],
    ['seeds/head', { seeds: { head: 5 } }],
    ['seeds/order', { seeds: { order: 5 } }],
    ['lora', { lora: null }],
    ['lora', { lora: { rank: 8 } }],
    ['pretraining', { pretraining: { epochs: 1 } }],
  ])('cannot change %s', (field, changes) => {
    expect(pathsOf(() => forkedTraining(parent, changes))).toEqual([
      'fork_not_possible',
      `/training/${field}`,
    ]);
  });

  it('cannot freeze what was trained', () => {
    const changes = { freeze: { layers: 1 } };
    expect(pathsOf(() => forkedTraining({ ...parent, lora: null }, changes))).toEqual([
      'fork_not_possible',
      '/training/freeze',
    ]);
  });

  it('needs settings that do not contradict each other', () => {
    expect(pathsOf(() => forkedTraining(parent, { warmupSteps: 3, warmupRatio: 0.5 }))).toEqual([
      'invalid_request',
      '/training/warmupSteps',
    ]);
  });

  it('cannot end before it begins', () => {
    const training = { ...trainingDefaults, epochs: 2, batchSize: 10 };
    expect(pathsOf(() => requireStepsLeft(training, 95, 20))).toEqual([]);
    expect(pathsOf(() => requireStepsLeft(training, 95, 21))).toEqual([
      'fork_not_possible',
      '/training/epochs',
    ]);
  });
});

describe('the settings of a step', () => {
  const settings = (epochs: number) => ({ ...trainingDefaults, epochs });
  const first = { id: 'exp_1', lineage: [], spec: { training: settings(1) } };
  const second = { id: 'exp_2', lineage: lineageOfFork(first, 10), spec: { training: settings(2) } };
  const inForce = (steps: number, lineage: typeof second.lineage, epochs: number) => {
    const { training, untilStep } = settingsAfter(steps, { lineage, spec: { training: settings(epochs) } });
    return [training.epochs, untilStep];
  };

  it('are those of the experiment that the step was taken over from', () => {
    expect(inForce(0, second.lineage, 2)).toEqual([1, 10]);
    expect(inForce(9, second.lineage, 2)).toEqual([1, 10]);
    expect(inForce(10, second.lineage, 2)).toEqual([2, null]);
  });

  it('of a fork of a fork follow the whole lineage, as far as it was gone', () => {
    const later = lineageOfFork(second, 15);
    expect(later.map(({ experimentId, untilStep }) => [experimentId, untilStep])).toEqual([
      ['exp_1', 10],
      ['exp_2', 15],
    ]);
    expect([9, 10, 14, 15].map((steps) => inForce(steps, later, 3))).toEqual([
      [1, 10],
      [2, 15],
      [2, 15],
      [3, null],
    ]);
    const earlier = lineageOfFork(second, 5);
    expect(earlier.map(({ experimentId, untilStep }) => [experimentId, untilStep])).toEqual([['exp_2', 5]]);
    expect([4, 5].map((steps) => inForce(steps, earlier, 3))).toEqual([
      [1, 5],
      [3, null],
    ]);
    expect(lineageOfFork(second, 10).map(({ untilStep }) => untilStep)).toEqual([10]);
  });
});
