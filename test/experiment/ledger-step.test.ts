// What of a step must be the same when it is computed again.
import { expect, it } from 'vitest';
import { differingField, floatOfBits, type ComparedStep } from '../../src/experiment/ledger-step.ts';

const step: ComparedStep = { lossBits: 1, gradientNormBits: 2, learningRate: 0.5, examples: 4 };

it('a step that is the same has no field that differs', () => {
  expect(differingField(step, { ...step })).toBeUndefined();
});

it.each(['lossBits', 'gradientNormBits', 'learningRate', 'examples'] as const)(
  'another %s differs',
  (name) => {
    expect(differingField(step, { ...step, [name]: 7 })).toBe(name);
  },
);

it('bits are read as the float32 that they are', () => {
  expect(floatOfBits(0x3fc00000)).toBe(1.5);
  expect(floatOfBits(0xff800000)).toBe(-Infinity);
  expect(floatOfBits(0x7fc00000)).toBeNaN();
});
