// Loss, logits and the gradient of every parameter of each family and task beside transformers in double precision.
import { describe, expect, it } from 'vitest';
import { noTarget } from '../../../src/text/example-table.ts';
import type { Batch } from '../../../src/training/batch.ts';
import { familyCase, families, tasks, type FamilyCase } from './family-cases.ts';
import {
  gradientsOf,
  isKeyBias,
  largestDifference,
  relativeDifference,
  trainSteps,
} from './reference-run.ts';

/** For each row of the engine's logits that counts: its place, and its place among the padded rows of transformers. */
function* comparedRows({ model, examples, paddedLength }: FamilyCase, { packing, picks }: Batch) {
  let pick = 0;
  for (const [sequence, { tokenIds, targets }] of examples.entries()) {
    const slot = packing.row[sequence]! * packing.width + packing.start[sequence]!;
    for (const place of tokenIds.keys()) {
      const padded = sequence * paddedLength + place;
      if (model.head.task === 'tokenClassification') yield [slot + place, padded] as const;
      if (model.head.task === 'maskedLanguage' && targets[place] !== noTarget) {
        expect(picks[pick]).toBe(slot + place);
        yield [pick++, padded] as const;
      }
    }
    if (!['tokenClassification', 'maskedLanguage'].includes(model.head.task))
      yield [sequence, sequence] as const;
  }
}

describe.each(families)('%s', (family) => {
  it.each(tasks)('has for %s the loss, logits and gradients that transformers has', async (task) => {
    const reference = familyCase(family, task);
    const { model, examples } = reference;
    const { batch, loss, logits, gradients } = await gradientsOf(model, examples);
    expect(batch.packing.rows).toBeLessThan(examples.length);
    expect(Math.abs(loss / reference.loss - 1)).toBeLessThan(1e-6);
    const { labelCount } = model.head;
    for (const [own, theirs] of comparedRows(reference, batch)) {
      const row = logits.subarray(own * labelCount, (own + 1) * labelCount);
      const expected = reference.logits.subarray(theirs * labelCount, (theirs + 1) * labelCount);
      expect(largestDifference(row, expected)).toBeLessThan(1e-5);
    }
    expect([...gradients.keys()].sort()).toEqual([...reference.gradients.keys()].sort());
    for (const [name, expected] of reference.gradients) {
      const actual = gradients.get(name)!;
      if (isKeyBias(name)) expect(largestDifference(actual, expected), name).toBeLessThan(1e-6);
      else expect(relativeDifference(actual, expected), name).toBeLessThan(1e-5);
    }
  });
});

describe('a step in parts', () => {
  it.each(tasks)('adds up for %s to the loss and gradient of the whole', async (task) => {
    const { model, examples, loss } = familyCase('bert', task);
    const steps = [{ examples, learningRate: 1e-2 }];
    const whole = await trainSteps(model, steps, {});
    expect(Math.abs(whole.losses[0]! / loss - 1)).toBeLessThan(1e-6);
    for (const size of [1, 2, 3]) {
      const parts = await trainSteps(model, steps, {}, size);
      expect(Math.abs(parts.losses[0]! / loss - 1), String(size)).toBeLessThan(1e-6);
      expect(relativeDifference(parts.gradientNorms, whole.gradientNorms)).toBeLessThan(1e-5);
    }
  });
});

it('would show a sequence whose tokens are those of another', async () => {
  const { model, examples, gradients } = familyCase('bert', 'classification');
  const [first, ...others] = examples;
  const changed = { ...first!, tokenIds: first!.tokenIds.toReversed() };
  const name = 'bert.encoder.layer.0.attention.self.query.weight';
  const other = await gradientsOf(model, [changed, ...others]);
  expect(relativeDifference(other.gradients.get(name)!, gradients.get(name)!)).toBeGreaterThan(1e-2);
});
