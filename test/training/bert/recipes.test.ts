// Every recipe over some steps beside PyTorch in double precision (scripts/reference/generate-recipes.py).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Example } from '../../../src/text/example-table.ts';
import type { BertConfig, NamedTensor, Recipe } from '../../../src/training/job.ts';
import {
  isKeyBias,
  largestDifference,
  relativeDifference,
  trainSteps,
  type StepsResult,
} from './reference-run.ts';

interface StoredTensor {
  readonly shape: number[];
  readonly data: string;
}

interface StoredRecipe {
  readonly recipe: Partial<Recipe>;
  readonly losses: number[];
  readonly gradientNorms: number[];
  readonly parametersAfter: Record<string, StoredTensor>;
}

interface Reference {
  readonly config: BertConfig;
  readonly labelCount: number;
  readonly vocabulary: number[];
  readonly rates: number[];
  readonly batches: { tokenIds: number[]; secondStart: number; label: number }[][];
  readonly parameters: Record<string, StoredTensor>;
  readonly adapters: Record<string, StoredTensor>;
  readonly recipes: Record<string, StoredRecipe>;
}

const reference = JSON.parse(
  readFileSync(new URL('../../reference/recipes.json', import.meta.url), 'utf8'),
) as Reference;

function dataOf({ data }: StoredTensor): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);
}

function tensorsOf(stored: Record<string, StoredTensor>): NamedTensor[] {
  return Object.entries(stored).map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    data: dataOf(tensor),
  }));
}

const words = 'bert.embeddings.word_embeddings.weight';
const { config, labelCount } = reference;
const model = {
  config,
  head: { task: 'classification', labelCount } as const,
  parameters: [...tensorsOf(reference.parameters), ...tensorsOf(reference.adapters)].filter(
    ({ name }) => !name.includes('position_ids'),
  ),
};
const steps = reference.batches.map((batch, index) => ({
  learningRate: reference.rates[index]!,
  examples: batch.map(({ tokenIds, secondStart, label }): Example => ({
    tokenIds: Int32Array.from(tokenIds),
    secondStart,
    targets: Int32Array.of(label),
  })),
}));

/** What PyTorch's recipe leaves out is off. */
function changesOf({ recipe }: StoredRecipe): Partial<Recipe> {
  return { gradientClipping: null, ...recipe };
}

/** The largest difference of a parameter after the last step, those of the key biases left out. */
function worstParameter(result: StepsResult, expected: StoredRecipe): number {
  const after = result.parameters.at(-1)!;
  const names = Object.keys(expected.parametersAfter).filter((name) => !isKeyBias(name));
  return Math.max(
    ...names.map((name) => largestDifference(after.get(name)!, dataOf(expected.parametersAfter[name]!))),
  );
}

/** AdamW divides a gradient by its own size: rounding shows more than with SGD. */
const tolerances = { adamw: 2e-5, sgd: 1e-6 };

/** Loss and gradient of float32 beside float64. */
function expectCurve(result: StepsResult, expected: StoredRecipe): void {
  expect(largestDifference(result.losses, expected.losses)).toBeLessThan(5e-6);
  expect(relativeDifference(result.gradientNorms, expected.gradientNorms)).toBeLessThan(1e-5);
}

describe.each(Object.entries(reference.recipes))('%s', (_name, expected) => {
  const { recipe } = expected;
  const partSize = recipe.gradientAccumulation === undefined ? null : 8 / recipe.gradientAccumulation;

  it('has the losses, gradient norms and parameters of PyTorch', async () => {
    const result = await trainSteps(model, steps, changesOf(expected), partSize);
    expectCurve(result, expected);
    const after = result.parameters.at(-1)!;
    expect([...after.keys()].sort()).toEqual(Object.keys(expected.parametersAfter).sort());
    expect(worstParameter(result, expected)).toBeLessThan(tolerances[recipe.optimizer!]);
  });

  it('has them over the words in use, and the decay of the others', async () => {
    const vocabulary = Int32Array.from(reference.vocabulary);
    const result = await trainSteps({ ...model, vocabulary }, steps, changesOf(expected), partSize);
    expectCurve(result, expected);
    const stored = expected.parametersAfter[words];
    if (stored === undefined) {
      expect(result.unusedWords).toEqual({ scale: 1, momentum: 0 });
      return;
    }
    const { hiddenSize } = config;
    const whole = dataOf(reference.parameters[words]!).map((value) => value * result.unusedWords.scale);
    const used = result.parameters.at(-1)!.get(words)!;
    vocabulary.forEach((id, row) => {
      whole.set(used.subarray(row * hiddenSize, (row + 1) * hiddenSize), id * hiddenSize);
    });
    expect(largestDifference(whole, dataOf(stored))).toBeLessThan(tolerances[recipe.optimizer!]);
    if (recipe.weightDecay !== 0) expect(result.unusedWords.scale).toBeLessThan(0.9999);
  });
});

describe('the comparison', () => {
  const of = (name: string): StoredRecipe => reference.recipes[name]!;

  it.each<[string, string, Partial<Recipe>]>([
    ['another decay', 'AdamW', { weightDecay: 0 }],
    ['a clipping that is missing', 'AdamW with clipping', { gradientClipping: null }],
    ['another optimizer', 'SGD', { optimizer: 'adamw' }],
    ['a clipping after the decay', 'SGD with clipping', { gradientClipping: null }],
    ['one rate for all layers', 'a rate for each layer', { layerDecay: null }],
    ['another rate for each layer', 'SGD, a rate for each layer', { layerDecay: 0.75 }],
    ['another smoothing', 'label smoothing', { labelSmoothing: 0 }],
    ['weights that are missing', 'class weights with smoothing', { classWeights: null }],
    ['another scale of the adapters', 'adapters', { lora: { rank: 2, alpha: 2, dropout: 0 } }],
  ])('would show %s', async (_what, name, changes) => {
    const expected = of(name);
    const result = await trainSteps(model, steps, { ...changesOf(expected), ...changes });
    expect(worstParameter(result, expected)).toBeGreaterThan(1e-4);
  });

  it('has steps in parts as in one: two of four are one of eight', async () => {
    const expected = of('accumulation');
    expectCurve(await trainSteps(model, steps, changesOf(expected)), expected);
    expectCurve(await trainSteps(model, steps, changesOf(expected), 3), expected);
  });
});
