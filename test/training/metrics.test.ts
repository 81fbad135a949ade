// Metrics of classification against scikit-learn's figures and by hand.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classificationMetrics, predictedClasses } from '../../src/training/metrics.ts';

const file = new URL('../../../shared/reference/metrics.json', import.meta.url);

interface Averages {
  readonly macro: { readonly f1: number };
  readonly weighted: { readonly f1: number };
}

interface ReferenceSet {
  readonly kind: string;
  readonly classes: number;
  readonly labels: number[];
  readonly predictions: number[];
  readonly metrics: {
    readonly accuracy: number;
    readonly matthews: number;
    readonly confusion_matrix: number[][];
    readonly present_classes: Averages;
    readonly per_class: { precision: number; recall: number; f1: number; support: number }[];
  };
}

function metricsOf(
  labels: number[],
  predictions: number[],
  labelCount: number,
  losses = labels.map(() => 0),
) {
  return classificationMetrics({
    labels: Int32Array.from(labels),
    predicted: Int32Array.from(predictions),
    labelCount,
    losses: Float32Array.from(losses),
  });
}

describe('classification metrics', () => {
  it('are those counted by hand', () => {
    const metrics = metricsOf([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 2], 4, [1, 2, 3, 4, 5, 6]);
    expect(metrics.loss).toBe(3.5);
    expect(metrics.accuracy).toBeCloseTo(4 / 6, 15);
    expect(metrics.confusionMatrix).toEqual([
      [2, 1, 0, 0],
      [1, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ]);
    expect(metrics.perClass).toEqual([
      { precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, support: 3 },
      { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 },
      { precision: 1, recall: 1, f1: 1, support: 1 },
      { precision: 0, recall: 0, f1: 0, support: 0 },
    ]);
    // Class 3 is neither a label nor a prediction, so it does not count.
    expect(metrics.macroF1).toBeCloseTo((2 / 3 + 0.5 + 1) / 3, 15);
    expect(metrics.weightedF1).toBeCloseTo((2 + 1 + 1) / 6, 15);
  });

  it('are 0, not undefined, where nothing is right and for a constant prediction', () => {
    expect(metricsOf([0, 1], [1, 0], 2)).toMatchObject({ accuracy: 0, macroF1: 0, matthews: -1 });
    expect(metricsOf([0, 0, 1], [0, 0, 0], 2)).toMatchObject({ matthews: 0 });
  });

  it('refuse a label that is no class', () => {
    expect(() => metricsOf([0, 3], [0, 0], 3)).toThrow(RangeError);
    expect(() => metricsOf([0, 1], [0, 3], 3)).toThrow(RangeError);
  });
});

describe('predicted classes', () => {
  it('are those of the highest logit, the lowest index on a tie', () => {
    expect([...predictedClasses(Float32Array.of(1, 3, 2, 5, 5, 4, -3, -2, -1), 3)]).toEqual([1, 0, 2]);
  });
});

describe.skipIf(!existsSync(file))('classification metrics beside scikit-learn', () => {
  const load = (): [string, ReferenceSet][] => {
    const { sets } = JSON.parse(readFileSync(file, 'utf8')) as { sets: Record<string, ReferenceSet> };
    return Object.entries(sets).filter(([, set]) => set.kind === 'classification');
  };

  it('are the same for every reference set', () => {
    expect(load().length).toBeGreaterThanOrEqual(4);
    for (const [name, { labels, predictions, classes, metrics }] of load()) {
      const actual = metricsOf(labels, predictions, classes);
      expect(actual.accuracy, name).toBeCloseTo(metrics.accuracy, 12);
      expect(actual.matthews, name).toBeCloseTo(metrics.matthews, 12);
      actual.perClass.forEach((row, index) => {
        for (const key of ['precision', 'recall', 'f1', 'support'] as const)
          expect(row[key], `${name} ${index} ${key}`).toBeCloseTo(metrics.per_class[index]![key], 12);
      });
      expect(actual.confusionMatrix, name).toEqual(metrics.confusion_matrix);
      expect(actual.macroF1, name).toBeCloseTo(metrics.present_classes.macro.f1, 12);
      expect(actual.weightedF1, name).toBeCloseTo(metrics.present_classes.weighted.f1, 12);
    }
  });
});
