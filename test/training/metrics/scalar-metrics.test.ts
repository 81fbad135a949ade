// The numbers that training is told of are those that an experiment shows.
import { describe, expect, it } from 'vitest';
import { metricValues } from '../../../src/experiment/metric-names.ts';
import { scalarMetrics } from '../../../src/training/metrics/scalar-metrics.ts';
import { computedMetrics } from '../../http/computed-metrics.ts';

describe('the metrics of an evaluation during training', () => {
  it.each(Object.values(computedMetrics))('are those of the one at the end ($task)', (metrics) => {
    expect(Object.keys(scalarMetrics(metrics)).length).toBeGreaterThan(3);
    expect(scalarMetrics(metrics)).toEqual(metricValues(metrics));
  });

  it('have a null for entities that no scheme names', () => {
    const metrics = { ...computedMetrics.tokenClassification, entities: null };
    expect(scalarMetrics(metrics)).toEqual(metricValues(metrics));
    expect(scalarMetrics(metrics)['entityF1']).toBeNull();
  });
});
