// Twenty models drawn at random: the engine's gradients beside the same graph in double precision, and that beside
// central differences of its loss.
import { describe, expect, it } from 'vitest';
import { noTarget, type Example } from '../../../src/text/example-table.ts';
import { batchInputs } from '../../../src/training/batch-inputs.ts';
import { packBatch } from '../../../src/training/batch.ts';
import { adapterSpecifications } from '../../../src/training/bert/lora.ts';
import { parameterSpecifications } from '../../../src/training/bert/parameters.ts';
import { buildGradientGraph, type GradientGraph } from '../../../src/training/gradient-graph.ts';
import type { Graph } from '../../../src/training/graph/tensor.ts';
import type { BertConfig, ModelHead, NamedTensor, Recipe, Task } from '../../../src/training/job.ts';
import { maskedPlaces } from '../../../src/training/masked-language.ts';
import { modelLayout, type ModelLayout } from '../../../src/training/model-layout.ts';
import { createKeystream, wordReader } from '../../../src/training/random/keystream.ts';
import { computeGradients } from '../../../src/training/runtime/gradient-runner.ts';
import { gatherSlot } from '../../../src/training/state-slots.ts';
import { stepInput } from '../../../src/training/step-layout.ts';
import { batchTargets, lossDenominator } from '../../../src/training/targets.ts';
import { evaluateGraph, type Sizes, type Value } from '../graph/float64-evaluator.ts';
import { plainRecipe } from '../plain-recipe.ts';
import { floatTargets } from '../tiny-task.ts';
import { families, tasks } from './family-cases.ts';
import { isKeyBias, relativeDifference } from './reference-run.ts';

interface Draw {
  /** A whole number from `least` to `most`. */
  readonly whole: (least: number, most: number) => number;
  readonly real: () => number;
}

function drawFrom(seed: number): Draw {
  const next = wordReader(createKeystream(seed, 'random models'), 0, 0);
  return {
    whole: (least, most) => least + (next() % (most - least + 1)),
    real: () => Math.fround((next() / 2 ** 32) * 2 - 1),
  };
}

function drawConfig({ whole }: Draw, family: BertConfig['family']): BertConfig {
  const heads = whole(1, 3);
  const positionOffset = family === 'roberta' ? 2 : 0;
  return {
    family,
    vocabularySize: whole(8, 20),
    hiddenSize: heads * whole(heads === 1 ? 4 : 2, 4),
    layers: whole(1, 3),
    heads,
    intermediateSize: whole(3, 12),
    maxPositions: 9 + positionOffset,
    positionOffset,
    typeVocabularySize: { bert: 2, distilbert: 0, roberta: 1 }[family],
    layerNormEpsilon: 1e-5,
    initializerRange: 0.02,
  };
}

function drawTargets({ whole, real }: Draw, task: Task, labels: number, length: number): Int32Array {
  if (task === 'classification') return Int32Array.of(whole(0, labels - 1));
  if (task === 'regression') return floatTargets([real()]);
  if (task === 'multiLabel') return floatTargets(Array.from({ length: labels }, () => whole(0, 1)));
  // The first token always has a target, so that no batch is without one.
  return Int32Array.from({ length }, (_, place) =>
    place > 0 && whole(0, 2) === 0 ? noTarget : whole(0, labels - 1),
  );
}

function drawExample(draw: Draw, config: BertConfig, { task, labelCount }: ModelHead): Example {
  const length = draw.whole(1, 9);
  return {
    tokenIds: Int32Array.from({ length }, () => draw.whole(0, config.vocabularySize - 1)),
    secondStart: draw.whole(1, length),
    targets: drawTargets(draw, task, labelCount, length),
  };
}

function drawTensors({ real }: Draw, config: BertConfig, head: ModelHead, recipe: Recipe): NamedTensor[] {
  const adapters = recipe.lora === null ? [] : adapterSpecifications(config, recipe.lora.rank);
  return [...parameterSpecifications(config, head), ...adapters].map(({ name, shape, start }) => ({
    name,
    shape,
    data: Float32Array.from(
      { length: shape.reduce((product, size) => product * size, 1) },
      () => (start === 'ones' ? 1 : 0) + 0.6 * real(),
    ),
  }));
}

function drawCase(seed: number) {
  const draw = drawFrom(seed);
  const family = families[seed % families.length]!;
  const task = tasks[seed % tasks.length]!;
  const config = drawConfig(draw, family);
  const labelCounts = { regression: 1, maskedLanguage: config.vocabularySize };
  const labelCount = task in labelCounts ? labelCounts[task as 'regression'] : draw.whole(2, 4);
  const head = { task, labelCount };
  const recipe: Recipe = {
    ...plainRecipe,
    lora: seed % 4 === 0 ? { rank: draw.whole(1, 3), alpha: 3, dropout: 0 } : null,
    freeze: { embeddings: seed % 7 === 1, layers: seed % 7 === 2 ? 1 : 0 },
    labelSmoothing: seed % 2 === 0 ? 0.1 : 0,
    classWeights: seed % 3 === 0 ? Array.from({ length: labelCount }, (_, label) => 0.5 + label) : null,
  };
  const examples = Array.from({ length: draw.whole(2, 6) }, () => drawExample(draw, config, head));
  // One row for all, rows as narrow as can be, and something between.
  const cost = { linear: 1, attention: [0, 1e6, 0.05][seed % 3]! };
  const batch = packBatch(
    examples,
    { config, head, cost, rowOfId: null },
    task === 'maskedLanguage' ? maskedPlaces : undefined,
  );
  const targets = batchTargets(batch, head, recipe, lossDenominator(examples, head, recipe));
  return { config, head, recipe, batch, targets, tensors: drawTensors(draw, config, head, recipe) };
}

type DrawnCase = ReturnType<typeof drawCase>;

/** The inputs of the gradient graph in double precision. */
function valuesOf(
  { config, head, batch, targets, tensors }: DrawnCase,
  layout: ModelLayout,
): Map<string, Value> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const rows = targets.weights.length;
  const isIds = targets.targets instanceof Int32Array;
  return new Map<string, Value>([
    ...Object.entries(batchInputs(batch, config)).map(([name, { shape, data }]): [string, Value] => [
      name,
      { shape, data: Float64Array.from(data as Int32Array, Number) },
    ]),
    ...[...layout.trained, ...layout.frozen].map((slot): [string, Value] => [
      slot.name,
      { shape: slot.shape, data: Float64Array.from(gatherSlot(slot, byName)) },
    ]),
    [
      stepInput.targets,
      { shape: isIds ? [rows] : [rows, head.labelCount], data: Float64Array.from(targets.targets) },
    ],
    [stepInput.weights, { shape: [rows], data: Float64Array.from(targets.weights) }],
  ]);
}

/** The part of a graph that one output needs. */
function partFor(graph: Graph, output: string): Graph {
  const needed = new Set([output]);
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some(({ name }) => needed.has(name))) return false;
    for (const { name } of node.inputs) needed.add(name);
    return true;
  });
  return { ...graph, nodes: nodes.reverse() };
}

const differenceStep = 1e-5;

/** The largest gap between gradient elements and central differences, as a share of their tensor's largest element. */
function worstDifference(
  { graph, loss, gradients }: GradientGraph,
  layout: ModelLayout,
  values: Map<string, Value>,
  sizes: Sizes,
  draw: Draw,
): number {
  const truth = evaluateGraph(graph, values, sizes);
  const forward = partFor(graph, loss);
  const lossAt = (slot: string, element: number, change: number): number => {
    const { shape, data } = values.get(slot)!;
    const changed = data.slice();
    changed[element]! += change;
    return evaluateGraph(forward, new Map(values).set(slot, { shape, data: changed }), sizes).get(loss)!
      .data[0]!;
  };
  let worst = 0;
  layout.trained.forEach((slot, place) => {
    let leafStart = 0;
    slot.leaves.forEach((leaf, leafPlace) => {
      const gradient = truth.get(gradients[place]![leafPlace]!)!.data;
      let partStart = 0;
      for (const { name, elements } of leaf.parts) {
        const own = gradient.slice(partStart, partStart + elements);
        const scale = isKeyBias(name)
          ? 1
          : own.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
        const element = partStart + draw.whole(0, elements - 1);
        const above = lossAt(slot.name, leafStart + element, differenceStep);
        const below = lossAt(slot.name, leafStart + element, -differenceStep);
        const slope = (above - below) / (2 * differenceStep);
        worst = Math.max(worst, Math.abs(slope - gradient[element]!) / scale);
        partStart += elements;
      }
      leafStart += leaf.parts.reduce((sum, { elements }) => sum + elements, 0);
    });
  });
  return worst;
}

describe.each(Array.from({ length: 20 }, (_, index) => index + 1))('model %i', (seed) => {
  const drawn = drawCase(seed);
  const { config, head, recipe, batch, targets, tensors } = drawn;
  const layout = modelLayout(config, head, recipe);
  const graph = buildGradientGraph(config, head, recipe, layout);
  const { rows, width } = batch.packing;
  const sizes = { rows, width, picks: batch.picks.length };
  const values = valuesOf(drawn, layout);

  it('has the gradients that the same graph has in double precision', async () => {
    const result = await computeGradients({ config, head, tensors }, recipe, { batch, targets }, 1);
    const truth = evaluateGraph(graph.graph, values, sizes);
    expect(Math.abs(result.loss - truth.get(graph.loss)!.data[0]!)).toBeLessThan(1e-6);
    const compared = new Map(result.gradients.map(({ name, data }) => [name, data]));
    layout.trained.forEach((slot, place) => {
      slot.leaves.forEach((leaf, leafPlace) => {
        const gradient = truth.get(graph.gradients[place]![leafPlace]!)!.data;
        let start = 0;
        for (const { name, from, elements } of leaf.parts) {
          const expected = gradient.slice(start, start + elements);
          const actual = compared.get(name)!.subarray(from, from + elements);
          start += elements;
          if (!isKeyBias(name)) expect(relativeDifference(actual, expected), name).toBeLessThan(1e-5);
        }
      });
    });
  });

  it('has the gradients that central differences show', () => {
    expect(worstDifference(graph, layout, values, sizes, drawFrom(1000 + seed))).toBeLessThan(1e-6);
  });
});
