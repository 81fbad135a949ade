import { describe, expect, it } from 'vitest';
import { classWeightsFor } from '../../src/experiment/class-weights.ts';

const labels = ['a', 'b', 'c'];

describe('the weight of each class', () => {
  it('is the same for all where none is asked for', () => {
    expect(classWeightsFor(labels, [1, 2, 3], null)).toBeNull();
  });

  it('is balanced as scikit-learn balances: rows / (classes * rows of the class)', () => {
    // compute_class_weight('balanced', classes=[0, 1, 2], y=[0] * 6 + [1] * 3 + [2])
    expect(classWeightsFor(labels, [6, 3, 1], 'balanced')).toEqual([10 / 18, 10 / 9, 10 / 3]);
  });

  it('is 0 for a class that does not occur, which takes no part', () => {
    expect(classWeightsFor(labels, [2, 0, 1], 'balanced')).toEqual([0.75, 0, 1.5]);
  });

  it('follows the order of the labels, also of those named as a method', () => {
    expect(classWeightsFor(labels, [1, 1, 1], { c: 3, a: 1, b: 0 })).toEqual([1, 0, 3]);
    expect(classWeightsFor(['toString', 'x'], [1, 1], { x: 1, toString: 2 })).toEqual([2, 1]);
  });

  it.each<[string, readonly string[], Record<string, number>, RegExp]>([
    ['a label that is not there', labels, { a: 1, b: 1, c: 1, d: 1, e: 1 }, /does not have: "d", "e"/],
    ['all labels but one', labels, { a: 1, c: 1 }, /lacks labels: "b"/],
    ['a label that only an object has', ['a', 'toString'], { a: 1 }, /lacks labels: "toString"/],
  ])('is refused when it names %s', (_what, names, weights, message) => {
    expect(() =>
      classWeightsFor(
        names,
        names.map(() => 1),
        weights,
      ),
    ).toThrow(
      expect.objectContaining({ code: 'labels_invalid', message: expect.stringMatching(message) as string }),
    );
  });
});
