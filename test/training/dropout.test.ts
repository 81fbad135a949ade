// Dropout within the training graph: the loss of each step is that of the forward pass with the masks of its address.
import { expect, it } from 'vitest';
import { batchInputs, declareBatch } from '../../src/training/batch-inputs.ts';
import { packBatch, type Batch, type BatchShape } from '../../src/training/batch.ts';
import { encode } from '../../src/training/bert/encoder.ts';
import type { Dropout } from '../../src/training/bert/forward.ts';
import { headLogits } from '../../src/training/bert/head.ts';
import { openForward } from '../../src/training/bert/open-forward.ts';
import { GraphBuilder } from '../../src/training/graph/builder.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import type { BertConfig, ModelHead, NamedTensor, Recipe } from '../../src/training/job.ts';
import { lossOf } from '../../src/training/loss.ts';
import { modelLayout } from '../../src/training/model-layout.ts';
import { openSlot } from '../../src/training/part-graph.ts';
import { packingCost } from '../../src/training/packing.ts';
import { fillDropoutMask } from '../../src/training/random/dropout-mask.ts';
import { createKeystream } from '../../src/training/random/keystream.ts';
import { StepRunner } from '../../src/training/runtime/step-runner.ts';
import { gatherSlot } from '../../src/training/state-slots.ts';
import { stepInputs, type InputValue } from '../../src/training/step-inputs.ts';
import { batchTargets, lossDenominator } from '../../src/training/targets.ts';
import { trainableModel } from '../../src/training/trainable.ts';
import { buildTrainingGraph } from '../../src/training/training-graph.ts';
import { elements, evaluateGraph, resolve, type Value } from './graph/float64-evaluator.ts';
import { plainRecipe } from './plain-recipe.ts';
import { madeUpExamples, tinyConfig, tinyHead } from './tiny-task.ts';

const seed = 21;

interface Setting {
  readonly config: BertConfig;
  readonly head: ModelHead;
  readonly recipe: Recipe;
}

function valueOf({ shape, data }: InputValue): Value {
  return { shape, data: Float64Array.from(data as Int32Array, Number) };
}

/** The mean loss in double precision, each dropout site multiplied by its mask of 0 and `keptScale(probability)`. */
function lossWithMasks(
  { config, head, recipe }: Setting,
  tensors: readonly NamedTensor[],
  { batch, denominator }: { readonly batch: Batch; readonly denominator: number },
  step: number,
  keptScale: (probability: number) => number,
): number {
  const { rows, width } = batch.packing;
  const sizes = { rows, width, picks: batch.picks.length };
  const build = new GraphBuilder();
  const layout = modelLayout(config, head, recipe);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const values = new Map<string, Value>(
    Object.entries(batchInputs(batch, config)).map(([name, value]) => [name, valueOf(value)]),
  );
  const leaves = [...layout.trained, ...layout.frozen].flatMap((slot) => {
    const data = Float64Array.from(gatherSlot(slot, byName));
    values.set(slot.name, { shape: slot.shape, data });
    return openSlot(build, slot, build.input(slot.name, 'float32', slot.shape));
  });
  let site = 0;
  const dropoutOf =
    (probability: number): Dropout =>
    (x) => {
      if (probability === 0) return x;
      const resolved = resolve(x.shape, sizes);
      const mask = new Uint8Array(elements(resolved));
      fillDropoutMask(createKeystream(seed, 'dropout'), step, site, probability, mask);
      const input = build.input(`mask_${site++}`, 'float32', x.shape);
      const scale = keptScale(probability);
      values.set(input.name, { shape: resolved, data: Float64Array.from(mask, (kept) => kept * scale) });
      return build.multiply(x, input);
    };
  const model = { config, head, recipe };
  const forward = openForward(build, model, layout.leaves, new Map(leaves), dropoutOf);
  const tensorsOfBatch = declareBatch(build, config);
  const logits = headLogits(forward, encode(forward, tensorsOfBatch));
  const targets = build.input('targets', 'float32', ['picks', head.labelCount]);
  values.set('targets', {
    shape: [batch.picks.length, head.labelCount],
    data: Float64Array.from(batchTargets(batch, head, recipe, denominator).targets),
  });
  const loss = lossOf(build, head, logits, { targets, weights: null });
  return evaluateGraph(build.finish([loss]), values, sizes).get(loss.name)!.data[0]!;
}

const examples = madeUpExamples(20);
const batches = [
  [0, 1, 2],
  [3, 4, 5, 6, 7],
  [8, 9],
].map((rows) => rows.map((row) => examples[row]!));

/** The losses of three steps at a rate of 0: only batch and masks tell them apart. */
async function lossesOfSteps(setting: Setting, shape: BatchShape, whole: readonly NamedTensor[]) {
  const { config, head, recipe } = setting;
  const layout = modelLayout(config, head, recipe);
  const graph = buildTrainingGraph({ config, head, recipe, inParts: false }, layout);
  const { start, frozen } = await trainableModel({ config, head, vocabulary: null }, recipe, whole);
  // An adapter starts without effect: it gets one, or its dropout would not show.
  const parameters = start.parameters.map((tensor) =>
    tensor.name.includes('.lora_B.')
      ? { ...tensor, data: tensor.data.map((_, index) => Math.sin(index)) }
      : tensor,
  );
  const state = { start: { ...start, parameters }, frozen };
  const runner = await StepRunner.open(graph, layout, state, { provider: 'cpu', threads: 1 });
  const plans = batches.map((chosen, index) => {
    const batch = packBatch(chosen, shape);
    const targets = batchTargets(batch, head, recipe, lossDenominator(chosen, head, recipe));
    return { step: index + 1, updates: index + 1, learningRate: 0, parts: [{ batch, targets }] };
  });
  const inputs = stepInputs(plans, {
    head,
    recipe,
    groups: layout.groups,
    hasTokenTypes: config.typeVocabularySize > 0,
    inParts: false,
    dropoutSites: graph.dropoutSites,
    keystream: createKeystream(seed, 'dropout'),
  });
  const steps = plans.map(({ step }) => ({ step, learningRate: 0, examples: 0, tokens: 0, slots: 0 }));
  const { losses } = await runner.run({ steps, inputs }, (before) => before);
  await runner.close();
  return { losses, sites: graph.dropoutSites, tensors: [...parameters, ...frozen] };
}

const settings: readonly (readonly [string, Partial<BertConfig>, Partial<Recipe>, number])[] = [
  ['BERT', {}, {}, 1 + 3 * 2 + 1],
  ['DistilBERT', { family: 'distilbert', typeVocabularySize: 0 }, {}, 1 + 2 * 2 + 1],
  ['RoBERTa', { family: 'roberta', typeVocabularySize: 1, positionOffset: 2 }, {}, 1 + 3 * 2 + 2],
  ['adapters', {}, { lora: { rank: 2, alpha: 4, dropout: 0.5 } }, 1 + 7 * 2 + 1],
];

it.each(settings)(
  'drops with %s what the masks of each step and site say and scales what it keeps',
  async (_name, configChanges, recipeChanges, siteCount) => {
    const config = { ...tinyConfig, initializerRange: 0.3, ...configChanges };
    const recipe = { ...plainRecipe, dropout: 0.3, ...recipeChanges };
    const setting = { config, head: tinyHead, recipe };
    const whole = await initialParameters(setting, seed, []);
    const shape = { config, head: tinyHead, cost: packingCost(config), rowOfId: null };
    const { losses, sites, tensors } = await lossesOfSteps(setting, shape, whole);
    expect(sites).toHaveLength(siteCount);
    batches.forEach((chosen, index) => {
      const batch = packBatch(chosen, shape);
      const denominator = lossDenominator(chosen, tinyHead, recipe);
      const loss = (step: number, scale: (probability: number) => number): number =>
        lossWithMasks(setting, tensors, { batch, denominator }, step, scale);
      const expected = loss(index + 1, (probability) => 1 / (1 - probability));
      expect(losses[index]).toBeCloseTo(expected, 5);
      expect(Math.abs(loss(index + 1, () => 1) - expected)).toBeGreaterThan(1e-4);
      expect(Math.abs(loss(index + 2, (probability) => 1 / (1 - probability)) - expected)).toBeGreaterThan(
        1e-4,
      );
    });
  },
);
