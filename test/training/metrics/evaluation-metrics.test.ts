// Metrics of every task beside scikit-learn, SciPy and seqeval (scripts/reference/generate-metrics.py).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluationMetrics, type EvaluationInput } from '../../../src/training/metrics/evaluation-metrics.ts';

const atOnce = (): undefined => undefined;

interface StoredSet {
  readonly task: EvaluationInput['task'];
  readonly labelCount: number;
  readonly logits: number[][];
  readonly labels: number[];
  readonly targets: number[] | number[][];
  readonly predictions: number[];
  readonly rowOffsets: number[];
  readonly labelNames: string[];
  readonly metrics: unknown;
}

const file = new URL('../../reference/metrics.json', import.meta.url);
const { sets } = JSON.parse(readFileSync(file, 'utf8')) as { sets: Record<string, StoredSet> };

function inputOf(set: StoredSet): EvaluationInput {
  const { task, labelCount } = set;
  if (task === 'regression')
    return {
      task,
      predictions: Float64Array.from(set.predictions),
      targets: Float64Array.from(set.targets.flat()),
    };
  const logits = Float64Array.from(set.logits.flat());
  if (task === 'multiLabel')
    return { task, labelCount, logits, targets: Float64Array.from(set.targets.flat()) };
  const labels = Int32Array.from(set.labels);
  if (task === 'classification') return { task, labelCount, logits, labels };
  const rowOffsets = Int32Array.from(set.rowOffsets);
  return { task, labelCount, logits, labels, rowOffsets, labelNames: set.labelNames };
}

/** Holds every number of what is expected against the same place of what is there. */
function expectClose(actual: unknown, expected: unknown, path: string): void {
  if (typeof expected === 'number') expect(actual, path).toBeCloseTo(expected, 11);
  else if (typeof expected === 'object' && expected !== null)
    for (const [key, value] of Object.entries(expected))
      expectClose((actual as Record<string, unknown>)[key], value, `${path}.${key}`);
  else expect(actual, path).toBe(expected);
}

describe('evaluation metrics', () => {
  for (const [name, set] of Object.entries(sets))
    it(`are those of scikit-learn, SciPy and seqeval: ${set.task}, ${name}`, async () => {
      const { task, ...metrics } = await evaluationMetrics(inputOf(set), atOnce);
      expect(task).toBe(set.task);
      expect(Object.keys(metrics).sort()).toEqual(Object.keys(set.metrics as object).sort());
      expectClose(metrics, set.metrics, task);
    });

  it('cover sets in which a metric is not defined', () => {
    const undefinedOnes = Object.values(sets).flatMap((set) =>
      Object.entries(set.metrics as object).flatMap(([key, value]) => (value === null ? [key] : [])),
    );
    expect(new Set(undefinedOnes)).toEqual(new Set(['rocAuc', 'r2', 'pearson', 'spearman', 'entities']));
  });

  it('refuse a label that is no class', async () => {
    const logits = Float32Array.of(1, 0, 0, 1);
    const labels = Int32Array.of(0, 2);
    await expect(
      evaluationMetrics({ task: 'classification', logits, labelCount: 2, labels }, atOnce),
    ).rejects.toThrow(RangeError);
  });

  it('are numbers, not NaN, for no row at all', async () => {
    const nothing = new Float32Array();
    const none = { logits: nothing, labelCount: 2, labels: new Int32Array() };
    expect(await evaluationMetrics({ task: 'classification', ...none }, atOnce)).toMatchObject({
      loss: 0,
      accuracy: 0,
      brier: 0,
      rocAuc: null,
    });
    expect(
      await evaluationMetrics(
        { task: 'multiLabel', logits: nothing, labelCount: 2, targets: nothing },
        atOnce,
      ),
    ).toMatchObject({ loss: 0, subsetAccuracy: 0, averagePrecision: null });
    expect(
      await evaluationMetrics({ task: 'regression', predictions: nothing, targets: nothing }, atOnce),
    ).toMatchObject({
      mse: 0,
      r2: null,
      pearson: null,
    });
  });
});
