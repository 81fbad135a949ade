// What is in the training graphs of every family and task: operators that add in one order only, and what they cost.
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/training/graph/builder.ts';
import { emitGraph } from '../../src/training/graph/onnx-emission.ts';
import type { OnnxGraph } from '../../src/training/graph/onnx-schema.ts';
import { graphStatistics, onnxOperators } from '../../src/training/graph-statistics.ts';
import type { Recipe } from '../../src/training/job.ts';
import { modelLayout } from '../../src/training/model-layout.ts';
import { buildTrainingGraph } from '../../src/training/training-graph.ts';
import { families, familyCase, tasks } from '../training/bert/family-cases.ts';
import { plainRecipe } from '../training/plain-recipe.ts';
import { runScript } from './model-directory.ts';

/**
 * Operators whose CUDA kernels add with atomic operations, in whatever order threads come, or draw random numbers of the
 * device: scatters that reduce, gradients that onnxruntime brings along, and whatever draws.
 */
const undetermined =
  /(?:^|\.)(?:Scatter|ScatterElements|ScatterND|GatherGrad|GatherElementsGrad|GatherNDGrad|SliceGrad|EmbeddingBag|MaxUnpool|RoiAlign|GridSample|Random\w+|Multinomial|Bernoulli|Dropout|BiasDropout)$/;

function undeterminedIn(graph: OnnxGraph): string[] {
  return [...onnxOperators(graph).keys()].filter((operator) => undetermined.test(operator));
}

const recipes: Readonly<Record<string, Partial<Recipe>>> = {
  'all of it': { dropout: 0.1 },
  adapters: { dropout: 0.1, lora: { rank: 4, alpha: 8, dropout: 0.1 } },
  'frozen layers, SGD': { dropout: 0.1, optimizer: 'sgd', freeze: { embeddings: true, layers: 1 } },
  'layer-wise rates, no clipping': { layerDecay: 0.9, gradientClipping: null },
};

describe('training graphs', () => {
  it.each(families.flatMap((family) => tasks.map((task) => ({ family, task }))))(
    'of the $task of $family add in one order only',
    ({ family, task }) => {
      const { config, head } = familyCase(family, task).model;
      for (const [name, changes] of Object.entries(recipes))
        for (const inParts of [false, true]) {
          const recipe = { ...plainRecipe, ...changes };
          const { step } = buildTrainingGraph(
            { config, head, recipe, inParts },
            modelLayout(config, head, recipe),
          );
          const emitted = emitGraph('step', step);
          expect(onnxOperators(emitted).get('com.microsoft.FusedMatMul'), name).toBeGreaterThan(10);
          expect(undeterminedIn(emitted), `${name}, in parts: ${inParts}`).toEqual([]);
        }
    },
  );

  it('would be found out with a scatter that adds, in a graph within a graph too', () => {
    const empty = { name: 'inner', initializers: [], inputs: [], outputs: [] };
    const scatter = { operator: 'ScatterElements', inputs: ['x', 'ids', 'y'], outputs: ['z'] };
    const inner: OnnxGraph = { ...empty, nodes: [scatter] };
    const loop = {
      operator: 'Loop',
      inputs: ['n', ''],
      outputs: ['z'],
      attributes: { body: { graph: inner } },
    };
    expect(undeterminedIn({ ...empty, nodes: [loop] })).toEqual(['ScatterElements']);
    expect(undeterminedIn({ ...empty, nodes: [] })).toEqual([]);
  });
});

describe('the statistics of a graph', () => {
  it('count the operations and bytes of products', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', ['rows', 8]);
    const weight = build.input('weight', 'float32', [3, 8]);
    const product = build.matmul(x, weight, { transposeB: true });
    const sum = build.add(product, product);
    const { nodes, flops, bytes, products } = graphStatistics(build.finish([sum]), { rows: 5 });
    expect(nodes).toBe(2);
    expect(flops).toBe(2 * 5 * 8 * 3);
    expect(bytes).toBe(4 * (5 * 8 + 3 * 8 + 5 * 3) + 4 * (5 * 3) * 3);
    expect(products).toEqual([{ batch: 1, m: 5, k: 8, n: 3, transposeA: false, transposeB: true, count: 1 }]);
  });

  it('count attention once for each row and head', () => {
    const build = new GraphBuilder();
    const queries = build.input('queries', 'float32', ['rows', 2, 'width', 4]);
    const keys = build.input('keys', 'float32', ['rows', 2, 'width', 4]);
    const scores = build.matmul(queries, keys, { transposeB: true });
    const { flops, products } = graphStatistics(build.finish([scores]), { rows: 3, width: 7 });
    expect(products).toEqual([{ batch: 6, m: 7, k: 4, n: 7, transposeA: false, transposeB: true, count: 1 }]);
    expect(flops).toBe(2 * 6 * 7 * 4 * 7);
  });

  it('name a size that is not given', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', ['rows', 8]);
    expect(() => graphStatistics(build.finish([build.add(x, x)]), {})).toThrow('The size rows is not given');
  });
});

describe('engine:graph', () => {
  it('tells operators, operations, bytes and parameters of a step', () => {
    const tiny = (batch: string) =>
      runScript('engine-graph.mjs', ['--model', 'tiny', '--batch', batch, '--length', '64']) as Readonly<
        Record<string, number>
      >;
    const [small, large] = [tiny('8'), tiny('64')];
    expect(small.parameters).toBe(4_386_178);
    // Weights and two moments of AdamW, 4 bytes each.
    expect(small.stateBytes).toBe(12 * 4_386_178);
    expect(small.partsOfAStep).toBe(1);
    expect(large.partsOfAStep).toBe(2);
    // Of the last layer only query, key and value see every token.
    // Twelve matrices of a layer of 128: 3 products of 2 operations for each of 8 * 64 tokens, and attention beside.
    const layers = 3 * 2 * (8 * 64) * (15 * 128 * 128);
    expect(small.flops).toBeGreaterThan(layers);
    expect(large.flops! / small.flops!).toBeGreaterThan(7);
  });
});
