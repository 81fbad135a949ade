// Runs the engine on one given batch: forward and backward alone, or several optimizer steps.
import type { Example } from '../../../src/text/example-table.ts';
import { packBatch, rowsOfIds, type Batch, type BatchShape } from '../../../src/training/batch.ts';
import type { BertConfig, ModelHead, NamedTensor, Recipe, UnusedWords } from '../../../src/training/job.ts';
import { maskedPlaces } from '../../../src/training/masked-language.ts';
import { modelLayout } from '../../../src/training/model-layout.ts';
import { unusedWordsDecay } from '../../../src/training/optimizer/unused-words.ts';
import { packingCost } from '../../../src/training/packing.ts';
import { createKeystream } from '../../../src/training/random/keystream.ts';
import { computeGradients } from '../../../src/training/runtime/gradient-runner.ts';
import { StepRunner } from '../../../src/training/runtime/step-runner.ts';
import { stepInputs } from '../../../src/training/step-inputs.ts';
import { configInUse } from '../../../src/training/config-in-use.ts';
import { batchTargets, lossDenominator } from '../../../src/training/targets.ts';
import { trainableModel } from '../../../src/training/trainable.ts';
import { buildTrainingGraph } from '../../../src/training/training-graph.ts';
import { plainRecipe } from '../plain-recipe.ts';

export interface ReferenceModel {
  readonly config: BertConfig;
  readonly head: ModelHead;
  /** Of the whole model, and of its adapters where they do not start at random. */
  readonly parameters: readonly NamedTensor[];
  /** The words in use; left out: all. */
  readonly vocabulary?: Int32Array;
}

/** Examples out of padded rows, as a batch of PyTorch has them. */
export function examplesOf(
  tokenIds: readonly (readonly number[])[],
  tokenTypes: readonly (readonly number[])[],
  mask: readonly (readonly number[])[],
  targets: readonly ArrayLike<number>[],
): Example[] {
  return tokenIds.map((ids, row) => {
    const length = mask[row]!.reduce((sum, one) => sum + one, 0);
    const second = tokenTypes[row]!.slice(0, length).indexOf(1);
    return {
      tokenIds: Int32Array.from(ids.slice(0, length)),
      secondStart: second === -1 ? length : second,
      targets: Int32Array.from(targets[row]!),
    };
  });
}

function shapeOf({ config, head, vocabulary: words }: ReferenceModel): BatchShape {
  const vocabulary = words ?? null;
  const rowOfId = vocabulary === null ? null : rowsOfIds(vocabulary);
  return { config: configInUse({ config, vocabulary }), head, cost: packingCost(config), rowOfId };
}

function packFor(model: ReferenceModel, examples: readonly Example[]): Batch {
  const shape = shapeOf(model);
  if (model.head.task !== 'maskedLanguage') return packBatch(examples, shape);
  return packBatch(examples, shape, maskedPlaces);
}

/** Loss, logits, and the gradient of every trained parameter by its name. */
export async function gradientsOf(
  model: ReferenceModel,
  examples: readonly Example[],
  changes: Partial<Recipe> = {},
): Promise<{ loss: number; logits: Float32Array; gradients: Map<string, Float32Array>; batch: Batch }> {
  const recipe = { ...plainRecipe, ...changes };
  const batch = packFor(model, examples);
  const targets = batchTargets(batch, model.head, recipe, lossDenominator(examples, model.head, recipe));
  const tensors = { config: model.config, head: model.head, tensors: model.parameters };
  const result = await computeGradients(tensors, recipe, { batch, targets }, 1);
  return {
    ...result,
    batch,
    gradients: new Map(result.gradients.map(({ name, data }) => [name, data])),
  };
}

export interface StepsResult {
  readonly losses: number[];
  readonly gradientNorms: number[];
  /** Trained parameters after each step, by name. */
  readonly parameters: Map<string, Float32Array>[];
  readonly unusedWords: UnusedWords;
}

/**
 * Trains one step a run, each with its examples and learning rate, dropout off.
 * @param partSize - examples of a part of a step; null: steps in one part
 */
export async function trainSteps(
  model: ReferenceModel,
  steps: readonly { examples: readonly Example[]; learningRate: number }[],
  changes: Partial<Recipe>,
  partSize: number | null = null,
): Promise<StepsResult> {
  const { head } = model;
  const vocabulary = model.vocabulary ?? null;
  const { config } = shapeOf(model);
  const recipe = { ...plainRecipe, ...changes };
  const layout = modelLayout(config, head, recipe);
  const graph = buildTrainingGraph({ config, head, recipe, inParts: partSize !== null }, layout);
  const { start, frozen } = await trainableModel(
    { config: model.config, head, vocabulary },
    recipe,
    model.parameters,
  );
  const given = new Map(model.parameters.map((tensor) => [tensor.name, tensor]));
  const withAdapters = start.parameters.map((tensor) =>
    tensor.name.includes('.lora_') ? (given.get(tensor.name) ?? tensor) : tensor,
  );
  const state = { start: { ...start, parameters: withAdapters }, frozen };
  const runner = await StepRunner.open(graph, layout, state, { provider: 'cpu', threads: 2 });
  const frame = {
    head,
    recipe,
    groups: layout.groups,
    inParts: partSize !== null,
    hasTokenTypes: config.typeVocabularySize > 0,
    dropoutSites: graph.dropoutSites,
    keystream: createKeystream(0, 'dropout'),
  };
  const decayUnused = unusedWordsDecay(config, recipe, layout);
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  const parameters: Map<string, Float32Array>[] = [];
  for (const [index, { examples, learningRate }] of steps.entries()) {
    const denominator = lossDenominator(examples, head, recipe);
    const size = partSize ?? examples.length;
    const parts = Array.from({ length: Math.ceil(examples.length / size) }, (_, part) => {
      const batch = packFor(model, examples.slice(part * size, (part + 1) * size));
      return { batch, targets: batchTargets(batch, head, recipe, denominator) };
    });
    const plan = { step: index + 1, updates: index + 1, learningRate, parts };
    const prepared = {
      steps: [{ step: index + 1, learningRate, examples: examples.length, tokens: 0, slots: 0 }],
      inputs: stepInputs([plan], frame),
    };
    const result = await runner.run(prepared, decayUnused);
    losses.push(...result.losses);
    gradientNorms.push(...result.gradientNorms);
    parameters.push(new Map(runner.state().parameters.map(({ name, data }) => [name, data.slice()])));
  }
  const { unusedWords } = runner.state();
  await runner.close();
  return { losses, gradientNorms, parameters, unusedWords };
}

/** The largest absolute difference of two arrays of one length. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Array.from(expected).reduce(
    (worst, value, index) => Math.max(worst, Math.abs(value - actual[index]!)),
    0,
  );
}

/** The largest difference as a share of the largest element expected. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return largestDifference(actual, expected) / scale;
}

/** The key bias has no effect on attention: its true gradient is 0, and rounding noise moves it under AdamW. */
export function isKeyBias(name: string): boolean {
  return /(?:attention\.self\.key|attention\.k_lin)\.bias$/.test(name);
}
