// What the backward walk refuses, and how it gathers gradients.
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/training/graph/builder.ts';
import { checkGraph } from '../../../src/training/graph/checker.ts';
import { differentiate } from '../../../src/training/graph/differentiate.ts';
import { evaluateGraph } from './float64-evaluator.ts';

describe('differentiation', () => {
  it('adds up the gradients of all uses of a tensor', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', []);
    const loss = build.add(build.multiply(x, x), build.scale(x, 5));
    const gradients = differentiate(build, loss, [x]);
    const values = evaluateGraph(
      build.finish(gradients),
      new Map([['x', { shape: [], data: Float64Array.of(3) }]]),
      {},
    );
    expect(values.get(gradients[0]!.name)!.data[0]).toBe(11);
  });

  it('refuses to pass through an operator that is declared without a gradient', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', []);
    const loss = build.one('minimum', [x, build.scalar(1)], {});
    expect(() => differentiate(build, loss, [x])).toThrow('Cannot differentiate through minimum');
  });

  it('refuses a tensor that the loss does not depend on, instead of giving zero', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', []);
    const y = build.input('y', 'float32', []);
    expect(() => differentiate(build, build.multiply(x, x), [x, y])).toThrow('does not depend on y');
  });

  it('refuses an output that has no gradient rule', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', ['n', 4]);
    const weight = build.input('weight', 'float32', [4]);
    const bias = build.input('bias', 'float32', [4]);
    const [, mean] = build.apply('layerNormalization', [x, weight, bias], { epsilon: 0 });
    const loss = build.reduceSum(mean!, [0, 1], false);
    expect(() => differentiate(build, loss, [x])).toThrow('Only the first output');
  });

  it('refuses a split of which a part leads nowhere, instead of giving zero', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', [5]);
    const [part] = build.apply('split', [x], { axis: 0, sizes: [2, 3] });
    expect(() => differentiate(build, build.one('sumOfSquares', [part!], {}), [x])).toThrow(
      'Part 1 of a split',
    );
  });

  it('refuses to pass through indices', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', [4, 3]);
    const [indices, slots] = [build.input('indices', 'int32', [2]), build.input('slots', 'int32', [4])];
    const loss = build.one('sumOfSquares', [build.one('pickRows', [x, indices, slots], {})], {});
    expect(() => differentiate(build, loss, [indices])).toThrow('no gradient for its input 1');
  });

  it('refuses what is not a scalar', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', ['n']);
    expect(() => differentiate(build, build.scale(x, 2), [x])).toThrow('Only a scalar');
  });
});

describe('building', () => {
  it.each([
    [
      'sizes that do not broadcast',
      (build: GraphBuilder) => build.add(build.input('a', 'float32', [3]), build.input('b', 'float32', [4])),
    ],
    [
      'symbols that may differ',
      (build: GraphBuilder) =>
        build.add(build.input('a', 'float32', ['n']), build.input('b', 'float32', ['m'])),
    ],
    [
      'inner sizes that differ',
      (build: GraphBuilder) =>
        build.matmul(build.input('a', 'float32', [2, 3]), build.input('b', 'float32', [4, 5])),
    ],
    [
      'another number of elements',
      (build: GraphBuilder) => build.reshape(build.input('a', 'float32', ['n', 6]), ['n', 5]),
    ],
    [
      'integers where real numbers are needed',
      (build: GraphBuilder) => build.add(build.input('a', 'int32', [3]), build.input('b', 'float32', [3])),
    ],
  ])('refuses %s', (_, make) => {
    expect(() => make(new GraphBuilder())).toThrow();
  });

  it('leaves out what no output needs', () => {
    const build = new GraphBuilder();
    const x = build.input('x', 'float32', ['n']);
    build.one('exp', [x], {});
    const y = build.one('tanh', [x], {});
    expect(build.finish([y]).nodes.map(({ kind }) => kind)).toEqual(['tanh']);
  });
});

describe('the checker', () => {
  const build = new GraphBuilder();
  const x = build.input('x', 'float32', ['n', 3]);
  const graph = build.finish([build.one('exp', [build.one('tanh', [x], {})], {})]);

  it('passes a graph as it was built', () => {
    expect(() => checkGraph(graph)).not.toThrow();
  });

  it('finds nodes out of order', () => {
    expect(() => checkGraph({ ...graph, nodes: graph.nodes.toReversed() })).toThrow('before it is defined');
  });

  it('finds a shape that the rule does not give', () => {
    const [tanh, exp] = graph.nodes;
    const wrong = {
      ...exp!,
      outputs: exp!.outputs.map((output) => ({ ...output, shape: ['n', 4] })),
    } as typeof tanh;
    expect(() => checkGraph({ ...graph, nodes: [tanh!, wrong!] })).toThrow('its rule differs');
  });

  it('finds a name defined twice and an output that is not there', () => {
    expect(() => checkGraph({ ...graph, nodes: [...graph.nodes, ...graph.nodes] })).toThrow('defined twice');
    expect(() => checkGraph({ ...graph, nodes: [] })).toThrow('is not defined');
  });
});
