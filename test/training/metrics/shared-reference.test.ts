// Metrics beside the figures that come with the reference data.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classificationMetrics } from '../../../src/training/metrics/classification-metrics.ts';
import { predictedClasses } from '../../../src/training/metrics/probabilities.ts';
import { regressionMetrics } from '../../../src/training/metrics/regression-metrics.ts';

const file = new URL('../../../../shared/reference/metrics.json', import.meta.url);

interface ClassificationSet {
  readonly classes: number;
  readonly labels: number[];
  readonly probabilities: number[][];
  readonly predictions: number[];
  readonly metrics: Record<string, number> & {
    readonly confusion_matrix: number[][];
    readonly present_classes: { macro: { f1: number }; weighted: { f1: number } };
    readonly per_class: { precision: number; recall: number; f1: number; support: number }[];
  };
}

interface RegressionSet {
  readonly targets: number[];
  readonly predictions: number[];
  readonly metrics: Record<string, number | null>;
}

function setsOf<Kind>(kind: string): [string, Kind][] {
  const { sets } = JSON.parse(readFileSync(file, 'utf8')) as {
    sets: Record<string, Kind & { kind: string }>;
  };
  return Object.entries(sets).filter(([, set]) => set.kind === kind);
}

function expectEach(actual: object, expected: object, name: string): void {
  for (const [key, value] of Object.entries(expected) as [string, number | null][]) {
    const figure = (actual as Record<string, number | null>)[key];
    if (value === null) expect(figure, `${name} ${key}`).toBeNull();
    else expect(figure, `${name} ${key}`).toBeCloseTo(value, 12);
  }
}

const atOnce = (): undefined => undefined;

describe.skipIf(!existsSync(file))('metrics beside the reference figures', () => {
  it('are the same for every set of classes', async () => {
    const sets = setsOf<ClassificationSet>('classification');
    expect(sets.length).toBeGreaterThanOrEqual(4);
    for (const [name, { labels, probabilities, predictions, classes, metrics }] of sets) {
      const table = { logits: Float64Array.from(probabilities.flat(), Math.log), labelCount: classes };
      expect([...(await predictedClasses(table, atOnce))], name).toEqual(predictions);
      const actual = await classificationMetrics({ ...table, labels: Int32Array.from(labels) }, atOnce);
      expectEach(
        actual,
        {
          accuracy: metrics['accuracy'],
          matthews: metrics['matthews'],
          macroF1: metrics.present_classes.macro.f1,
          weightedF1: metrics.present_classes.weighted.f1,
          logLoss: metrics['log_loss'],
          expectedCalibrationError: metrics['expected_calibration_error'],
          rocAuc: metrics['roc_auc_macro_of_defined'],
          averagePrecision: metrics['average_precision_macro_of_defined'],
        },
        name,
      );
      actual.perClass.forEach((row, index) => expectEach(row, metrics.per_class[index]!, `${name} ${index}`));
      expect(actual.confusionMatrix, name).toEqual(metrics.confusion_matrix);
    }
  });

  it('are the same for every set of values', () => {
    const sets = setsOf<RegressionSet>('regression');
    expect(sets.length).toBeGreaterThanOrEqual(2);
    for (const [name, { targets, predictions, metrics }] of sets) {
      const actual = regressionMetrics({
        predictions: Float64Array.from(predictions),
        targets: Float64Array.from(targets),
      });
      expectEach(actual, metrics, name);
    }
  });
});
