// Probabilities and predictions from logits.
import { describe, expect, it } from 'vitest';
import { binaryCrossEntropies, crossEntropies } from '../../../src/training/metrics/example-losses.ts';
import { ClassProbabilities, predictedClasses } from '../../../src/training/metrics/probabilities.ts';

const atOnce = (): undefined => undefined;

describe('class probabilities', () => {
  it('are the softmax of each row, and do not overflow', () => {
    const probabilities = new ClassProbabilities({
      logits: Float32Array.of(0, Math.log(3), 1000, 1000),
      labelCount: 2,
    });
    expect(probabilities.of(0, 1)).toBeCloseTo(0.75, 6);
    expect(probabilities.of(1, 0)).toBeCloseTo(0.5, 14);
    expect([...probabilities.column(0)].map((value) => value.toFixed(3))).toEqual(['0.250', '0.500']);
  });
});

describe('predicted classes', () => {
  it('are those of the highest logit, the lowest index on a tie', async () => {
    const logits = Float32Array.of(1, 3, 2, 5, 5, 4, -3, -2, -1);
    expect([...(await predictedClasses({ logits, labelCount: 3 }, atOnce))]).toEqual([1, 0, 2]);
  });
});

describe('losses of examples', () => {
  it('are finite however sure a wrong prediction is', async () => {
    const logits = Float32Array.of(1000, 0, 0, 0);
    const probabilities = new ClassProbabilities({ logits, labelCount: 2 });
    expect([...(await crossEntropies(probabilities, Int32Array.of(1, -1), atOnce))]).toEqual([1000, 0]);
    const targets = Float32Array.of(0, 0, 1, 1);
    expect([...(await binaryCrossEntropies({ logits, labelCount: 2 }, targets, atOnce))]).toEqual([
      (1000 + Math.log(2)) / 2,
      Math.log(2),
    ]);
  });
});
