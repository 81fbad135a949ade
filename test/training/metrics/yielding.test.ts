// Metrics and predictions of many rows and classes let others go on: heartbeats, and the other activities of the process.
import { describe, expect, it } from 'vitest';
import { evaluationMetrics, type EvaluationInput } from '../../../src/training/metrics/evaluation-metrics.ts';
import { evaluatedPredictions } from '../../../workers/activities/evaluated-predictions.ts';

const rows = 4000;
const labelCount = 250;
const labelNames = Array.from({ length: labelCount }, (_, label) => `label ${label}`);

/** Values from 0 to 1 that look like random ones. */
const noise = (count: number) =>
  Float32Array.from({ length: count }, (_, place) => Math.abs(Math.sin(place * 12.9898) * 43758.5453) % 1);

const logits = noise(rows * labelCount);
const labels = Int32Array.from(noise(rows), (value) => Math.floor(value * labelCount));
const inputs: readonly EvaluationInput[] = [
  { task: 'classification', logits, labelCount, labels },
  { task: 'multiLabel', logits, labelCount, targets: logits.map((value) => (value > 0.9 ? 1 : 0)) },
  {
    task: 'tokenClassification',
    logits,
    labelCount,
    labels,
    rowOffsets: Int32Array.from({ length: rows + 1 }, (_, row) => row),
    labelNames,
  },
];

/** The longest time without yielding, as a share of the whole. */
async function longestShare(work: (yieldToOthers: () => undefined) => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  let [last, longest] = [begin, 0];
  const yieldToOthers = (): undefined => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  await work(yieldToOthers);
  yieldToOthers();
  return longest / (last - begin);
}

describe.each(inputs)('of many rows and classes ($task)', (input) => {
  it('metrics yield', async () => {
    expect(await longestShare((yieldToOthers) => evaluationMetrics(input, yieldToOthers))).toBeLessThan(0.5);
  });

  it('predictions yield', async () => {
    const share = await longestShare((yieldToOthers) =>
      evaluatedPredictions(input, labelNames, yieldToOthers),
    );
    expect(share).toBeLessThan(0.5);
  });

  it('metrics end with what yielding throws', async () => {
    let times = 0;
    const metrics = evaluationMetrics(input, () => {
      times += 1;
      if (times === 100) throw new Error('the worker stops');
      return undefined;
    });
    await expect(metrics).rejects.toThrow('the worker stops');
    expect(times).toBe(100);
  });
});
