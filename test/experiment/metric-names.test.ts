// The names of metrics against the metrics that are computed.
import { describe, expect, it } from 'vitest';
import { allMetricNames, metricValues, taskMetrics } from '../../src/experiment/metric-names.ts';
import { computedMetrics } from '../http/computed-metrics.ts';

describe('the metrics of a task', () => {
  it.each(Object.values(computedMetrics))('are the numbers that its evaluation has ($task)', (metrics) => {
    const numbers = Object.entries(metrics)
      .filter(([name, value]) => name !== 'tokens' && (typeof value === 'number' || value === null))
      .map(([name]) => name)
      .filter((name) => name !== 'entities');
    const derived = metrics.task === 'tokenClassification' ? ['entityF1'] : [];
    expect(Object.keys(taskMetrics[metrics.task]).sort()).toEqual([...numbers, ...derived].sort());
    const values = metricValues(metrics);
    expect(Object.keys(values).sort()).toEqual(Object.keys(taskMetrics[metrics.task]).sort());
    for (const name of numbers) expect(values).toHaveProperty(name, metrics[name as keyof typeof metrics]);
  });

  it('of entities are those of whole entities, null without a scheme', () => {
    const { tokenClassification: tokens } = computedMetrics;
    expect(tokens.entities?.f1).toBeGreaterThan(0);
    expect(metricValues(tokens).entityF1).toBe(tokens.entities?.f1);
    expect(metricValues({ ...tokens, entities: null }).entityF1).toBeNull();
  });

  it('are better the lower they are where they count errors', () => {
    const lower = allMetricNames.filter((name) =>
      Object.values(taskMetrics).some((metrics) => metrics[name] === 'lower'),
    );
    expect(lower.sort()).toEqual(
      ['loss', 'logLoss', 'brier', 'expectedCalibrationError', 'hammingLoss', 'mse', 'rmse', 'mae'].sort(),
    );
  });
});
