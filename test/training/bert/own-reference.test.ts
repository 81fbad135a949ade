// The model and its optimizer against float64 figures from scripts/reference/generate.py, which PyTorch differentiated.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BertConfig, NamedTensor } from '../../../src/training/job.ts';
import {
  examplesOf,
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
const rowLabels = labels.map((label) => [label]);
const examples = examplesOf(tokenIds, tokenTypes, mask, rowLabels);
const model: ReferenceModel = {
  config: reference.config,
  head: { task: 'classification', labelCount: reference.labelCount },
  parameters: Object.entries(reference.parameters).map(([name, values]): NamedTensor => ({
    name,
    shape: reference.shapes[name]!,
    data: Float32Array.from(values),
  })),
};

describe('the project’s own reference', () => {
  it('has the same loss, logits and gradient of every parameter', async () => {
    const { loss, logits, gradients } = await gradientsOf(model, examples);
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
    const steps = reference.losses.map(() => ({ examples, learningRate }));
    const result = await trainSteps(model, steps, recipe);
    expect(largestDifference(result.losses, reference.losses)).toBeLessThan(2e-6);
    expect(relativeDifference(result.gradientNorms, reference.gradientNorms)).toBeLessThan(1e-5);
    const after = result.parameters.at(-1)!;
    for (const [name, expected] of Object.entries(reference.parametersAfter))
      if (!isKeyBias(name)) expect(largestDifference(after.get(name)!, expected), name).toBeLessThan(2e-5);
  });

  it('would show a missing decay, a decayed bias and a missing clipping', async () => {
    const { learningRate, weightDecay } = reference.recipe;
    const steps = reference.losses.map(() => ({ examples, learningRate }));
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

  it('gives the tokens of a sequence no influence on another in its row', async () => {
    const plain = await gradientsOf(model, examples);
    expect(plain.batch.packing.rows).toBeLessThan(examples.length);
    const changed = examples.map((example, index) =>
      index === 0 ? { ...example, tokenIds: example.tokenIds.map((id) => (id + 1) % 40) } : example,
    );
    const other = await gradientsOf(model, changed);
    const { labelCount } = model.head;
    expect(other.logits.slice(labelCount)).toEqual(plain.logits.slice(labelCount));
    expect(other.logits.slice(0, labelCount)).not.toEqual(plain.logits.slice(0, labelCount));
  });
});
