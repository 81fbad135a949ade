// The model and its optimizer against float64 figures from scripts/reference/generate.py, which PyTorch differentiated.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BertConfig, NamedTensor } from '../../../src/training/job.ts';
import {
  batchOf,
  gradientsOf,
  isKeyBias,
  largestDifference,
  relativeDifference,
  trainSteps,
  type ReferenceModel,
} from './reference-run.ts';

interface Reference {
  readonly config: BertConfig;
  readonly labelCount: number;
  readonly batch: { tokenIds: number[][]; tokenTypes: number[][]; mask: number[][]; labels: number[] };
  readonly recipe: { learningRate: number; weightDecay: number; gradientClipping: number };
  readonly shapes: Record<string, number[]>;
  readonly parameters: Record<string, number[]>;
  readonly loss: number;
  readonly logits: number[][];
  readonly gradients: Record<string, number[]>;
  readonly losses: number[];
  readonly gradientNorms: number[];
  readonly parametersAfter: Record<string, number[]>;
}

const reference = JSON.parse(
  readFileSync(new URL('../../reference/tiny-bert.json', import.meta.url), 'utf8'),
) as Reference;
const { tokenIds, tokenTypes, mask, labels } = reference.batch;
const batch = batchOf(tokenIds, tokenTypes, mask, labels);
const model: ReferenceModel = {
  config: reference.config,
  labelCount: reference.labelCount,
  parameters: Object.entries(reference.parameters).map(([name, values]): NamedTensor => ({
    name,
    shape: reference.shapes[name]!,
    data: Float32Array.from(values),
  })),
};

describe('the project’s own reference', () => {
  it('has the same loss, logits and gradient of every parameter', async () => {
    const { loss, logits, gradients } = await gradientsOf(model, batch);
    expect(Math.abs(loss - reference.loss)).toBeLessThan(1e-6);
    expect(largestDifference(logits, reference.logits.flat())).toBeLessThan(2e-6);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(reference.gradients).sort());
    for (const [name, expected] of Object.entries(reference.gradients)) {
      const actual = gradients.get(name)!;
      if (isKeyBias(name)) expect(largestDifference(actual, expected)).toBeLessThan(1e-6);
      else expect(relativeDifference(actual, expected), name).toBeLessThan(1e-5);
    }
  });

  it('has the same losses, gradient norms and parameters over steps of AdamW with clipping', async () => {
    const { learningRate, ...recipe } = reference.recipe;
    const steps = reference.losses.map(() => ({ batch, learningRate }));
    const result = await trainSteps(model, steps, recipe);
    expect(largestDifference(result.losses, reference.losses)).toBeLessThan(2e-6);
    expect(relativeDifference(result.gradientNorms, reference.gradientNorms)).toBeLessThan(1e-5);
    const after = result.parameters.at(-1)!;
    for (const [name, expected] of Object.entries(reference.parametersAfter))
      if (!isKeyBias(name)) expect(largestDifference(after.get(name)!, expected), name).toBeLessThan(2e-5);
  });

  it('would show a missing decay, a decayed bias and a missing clipping', async () => {
    const { learningRate, weightDecay } = reference.recipe;
    const steps = reference.losses.map(() => ({ batch, learningRate }));
    const differences = async (recipe: {
      weightDecay: number;
      gradientClipping: number | null;
    }): Promise<number> => {
      const after = (await trainSteps(model, steps, recipe)).parameters.at(-1)!;
      const names = Object.keys(reference.parametersAfter).filter((name) => !isKeyBias(name));
      return Math.max(
        ...names.map((name) => largestDifference(after.get(name)!, reference.parametersAfter[name]!)),
      );
    };
    expect(await differences({ weightDecay: 0, gradientClipping: 0.5 })).toBeGreaterThan(4e-5);
    expect(await differences({ weightDecay, gradientClipping: null })).toBeGreaterThan(4e-5);
  });

  it('gives a real token at a padded place no influence', async () => {
    const changed = { ...batch, tokenIds: batch.tokenIds.slice() };
    mask.flat().forEach((one, place) => {
      if (one === 0) changed.tokenIds[place] = 17;
    });
    const plain = await gradientsOf(model, batch);
    const other = await gradientsOf(model, changed);
    expect(other.logits).toEqual(plain.logits);
  });
});
