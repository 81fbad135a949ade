// Every operator: its gradient against central differences in double precision, its ONNX form against that evaluator.
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/training/graph/builder.ts';
import { checkGraph } from '../../../src/training/graph/checker.ts';
import { differentiate } from '../../../src/training/graph/differentiate.ts';
import { encodeModel } from '../../../src/training/graph/onnx-encoding.ts';
import { emitGraph } from '../../../src/training/graph/onnx-emission.ts';
import { operatorRules } from '../../../src/training/graph/rules.ts';
import type { OperatorKind } from '../../../src/training/graph/operators.ts';
import type { Graph, Shape, Tensor } from '../../../src/training/graph/tensor.ts';
import { createKeystream, wordReader } from '../../../src/training/random/keystream.ts';
import { openSession } from '../../../src/training/runtime/session.ts';
import type { InputValue } from '../../../src/training/step-inputs.ts';
import { elements, evaluateGraph, resolve, type Sizes, type Value } from './float64-evaluator.ts';

/** What a case has to draw from. */
interface Draw {
  readonly build: GraphBuilder;
  /** A real input with a gradient; values from `low` to `high`. */
  readonly real: (shape: Shape, low?: number, high?: number) => Tensor;
  /** An int32 input of whole numbers below `bound`. */
  readonly index: (shape: Shape, bound: number) => Tensor;
}

type Case = (draw: Draw) => Tensor;

const none = {} as const;
const unary =
  (kind: 'exp' | 'erf' | 'tanh' | 'gelu' | 'sqrt', low: number, high: number): Case =>
  ({ build, real }) =>
    build.one(kind, [real(['n', 5], low, high)], none);
const product =
  (a: Shape, b: Shape, transposeA: boolean, transposeB: boolean): Case =>
  ({ build, real }) =>
    build.matmul(real(a), real(b), { transposeA, transposeB, alpha: 0.7 });

const cases: Readonly<Partial<Record<OperatorKind, readonly Case[]>>> = {
  add: [
    ({ build, real }) => build.add(real(['n', 4]), real(['n', 4])),
    ({ build, real }) => build.add(real(['n', 'm', 4]), real([4])),
    ({ build, real }) => build.add(real(['n', 1, 4]), real(['m', 1])),
  ],
  subtract: [({ build, real }) => build.subtract(real([4]), real(['n', 4]))],
  multiply: [
    ({ build, real }) => build.multiply(real(['n', 'm', 4]), real(['n', 1, 4])),
    ({ build, real }) => build.multiply(real([]), real(['n', 3])),
    ({ build, real }) => {
      const x = real(['n', 3]);
      return build.multiply(x, x);
    },
  ],
  divide: [({ build, real }) => build.one('divide', [real(['n', 4]), real([4], 0.5, 2)], none)],
  sqrt: [unary('sqrt', 0.2, 3)],
  exp: [unary('exp', -2, 2)],
  erf: [unary('erf', -3, 3)],
  tanh: [unary('tanh', -2, 2)],
  gelu: [unary('gelu', -4, 4)],
  constant: [({ build, real }) => build.scale(real(['n']), -3)],
  matmul: [
    product(['n', 3], [3, 4], false, false),
    product(['n', 3], [4, 3], false, true),
    product([3, 'n'], [3, 4], true, false),
    product([3, 'n'], [4, 3], true, true),
    product(['n', 'm', 3], [4, 3], false, true),
    product(['n', 'm', 3], [3, 4], false, false),
    product(['n', 2, 'm', 3], ['n', 2, 'm', 3], false, true),
    product(['n', 2, 'm', 3], ['n', 2, 3, 4], false, false),
    product(['n', 2, 'm', 3], ['n', 2, 'm', 4], true, false),
  ],
  softmax: [({ build, real }) => build.one('softmax', [real(['n', 'm', 5], -3, 3)], none)],
  layerNormalization: [
    ({ build, real }) =>
      build.one('layerNormalization', [real(['n', 'm', 6]), real([6]), real([6])], { epsilon: 1e-5 }),
  ],
  softmaxCrossEntropy: [
    ({ build, real, index }) =>
      build.one('softmaxCrossEntropy', [real(['n', 4], -3, 3), index(['n'], 4)], none),
  ],
  reduceSum: [
    ({ build, real }) => build.reduceSum(real(['n', 'm', 3]), [0, 1], false),
    ({ build, real }) => build.reduceSum(real(['n', 3, 'm']), [-1], true),
  ],
  reduceMean: [
    ({ build, real }) => build.reduceMean(real(['n', 'm', 3]), [1], false),
    ({ build, real }) => build.reduceMean(real(['n']), [0], false),
  ],
  sumOfSquares: [({ build, real }) => build.one('sumOfSquares', [real(['n', 3])], none)],
  transpose: [
    ({ build, real }) => build.one('transpose', [real(['n', 'm', 2, 3])], { permutation: [0, 2, 1, 3] }),
    ({ build, real }) => build.one('transpose', [real(['n', 'm', 2])], { permutation: [2, 0, 1] }),
  ],
  reshape: [
    ({ build, real }) => build.reshape(real(['n', 'm', 6]), ['n', 'm', 2, 3]),
    ({ build, real }) => build.reshape(real(['n', 'm', 6]), ['n*m', 6]),
  ],
  gather: [({ build, real, index }) => build.one('gather', [real([7, 3]), index(['n', 'm'], 7)], none)],
  scatterAdd: [
    ({ build, real, index }) =>
      build.one('scatterAdd', [index(['n', 'm'], 7), real(['n', 'm', 3])], { rows: 7 }),
  ],
  takeFirst: [({ build, real }) => build.one('takeFirst', [real(['n', 'm', 3])], none)],
};

/** float32 keeps 24 bits: sums of a few dozen products of numbers near 1 stay well within this of the truth. */
const float32Tolerance = 1e-5;
/** Differences at 1e-5 are off by about 1e-10 from truncation and 1e-11 from rounding. */
const differenceTolerance = 1e-7;
const differenceStep = 1e-5;

interface Drawn {
  readonly graph: Graph;
  readonly loss: Tensor;
  readonly reals: readonly Tensor[];
  readonly gradients: readonly Tensor[];
  readonly values: Map<string, Value>;
  readonly sizes: Sizes;
}

function draw(makeOutput: Case, seed: number): Drawn {
  const next = wordReader(createKeystream(seed, 'operator test'), 0, 0);
  const uniform = (low: number, high: number): number => low + ((high - low) * next()) / 2 ** 32;
  const sizes = { n: 1 + (next() % 4), m: 2 + (next() % 4) };
  const build = new GraphBuilder();
  const values = new Map<string, Value>();
  const reals: Tensor[] = [];
  const add = (type: 'float32' | 'int32', shape: Shape, value: () => number): Tensor => {
    const tensor = build.input(`input_${values.size}`, type, shape);
    const actual = resolve(shape, sizes);
    values.set(tensor.name, { shape: actual, data: Float64Array.from({ length: elements(actual) }, value) });
    return tensor;
  };
  const real: Draw['real'] = (shape, low = -1, high = 1) => {
    // Rounded to float32, so that both precisions see the same numbers.
    const tensor = add('float32', shape, () => Math.fround(uniform(low, high)));
    reals.push(tensor);
    return tensor;
  };
  const output = makeOutput({
    build,
    real,
    index: (shape, bound) => add('int32', shape, () => next() % bound),
  });
  // Random weights make every element of the output count differently.
  const weights = add('float32', output.shape, () => Math.fround(uniform(0.5, 1.5)));
  const axes = output.shape.map((_, axis) => axis);
  const weighted = build.multiply(output, weights);
  const loss = axes.length === 0 ? weighted : build.reduceSum(weighted, axes, false);
  const gradients = differentiate(build, loss, reals);
  const graph = build.finish([loss, ...gradients]);
  checkGraph(graph);
  return { graph, loss, reals, gradients, values, sizes };
}

function lossOf(
  { graph, loss, values, sizes }: Drawn,
  name: string,
  element: number,
  change: number,
): number {
  const changed = values.get(name)!.data.slice();
  changed[element]! += change;
  const inputs = new Map(values).set(name, { shape: values.get(name)!.shape, data: changed });
  return evaluateGraph(graph, inputs, sizes).get(loss.name)!.data[0]!;
}

function expectNear(actual: number, expected: number, scale: number, tolerance: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.max(1, scale));
}

async function runInOnnxruntime({ graph, values }: Drawn): Promise<Readonly<Record<string, Float32Array>>> {
  const session = await openSession(encodeModel(emitGraph('case', graph)), 'cpu', 1);
  const inputs = Object.fromEntries(
    graph.inputs.map(({ name, type }): [string, InputValue] => {
      const { shape, data } = values.get(name)!;
      return [
        name,
        type === 'int32'
          ? { type, shape, data: Int32Array.from(data) }
          : { type: 'float32', shape, data: Float32Array.from(data) },
      ];
    }),
  );
  const outputs = await session.run(inputs);
  await session.close();
  return outputs;
}

const seeds = [1, 2, 3];
const differentiable = (Object.keys(operatorRules) as OperatorKind[]).filter(
  (kind) => typeof operatorRules[kind].gradient === 'function',
);

describe.each(differentiable)('%s', (kind) => {
  it('has cases here', () => {
    expect(cases[kind]?.length).toBeGreaterThan(0);
  });

  it('has the gradient that central differences show', () => {
    for (const seed of seeds)
      for (const makeOutput of cases[kind] ?? []) {
        const drawn = draw(makeOutput, seed);
        const truth = evaluateGraph(drawn.graph, drawn.values, drawn.sizes);
        drawn.reals.forEach((tensor, index) => {
          const gradient = truth.get(drawn.gradients[index]!.name)!;
          expect(gradient.shape).toEqual(drawn.values.get(tensor.name)!.shape);
          gradient.data.forEach((value, element) => {
            const above = lossOf(drawn, tensor.name, element, differenceStep);
            const below = lossOf(drawn, tensor.name, element, -differenceStep);
            expectNear(value, (above - below) / (2 * differenceStep), Math.abs(value), differenceTolerance);
          });
        });
      }
  });

  it('computes the same in onnxruntime, forward and backward', async () => {
    for (const seed of seeds)
      for (const makeOutput of cases[kind] ?? []) {
        const drawn = draw(makeOutput, seed);
        const truth = evaluateGraph(drawn.graph, drawn.values, drawn.sizes);
        const outputs = await runInOnnxruntime(drawn);
        for (const { name } of drawn.graph.outputs) {
          const expected = truth.get(name)!.data;
          const scale = Math.max(...expected.map(Math.abs));
          expect(outputs[name]).toHaveLength(expected.length);
          outputs[name]!.forEach((value, element) =>
            expectNear(value, expected[element]!, scale, float32Tolerance),
          );
        }
      }
  });
});

describe('an operator without a gradient', () => {
  it.each((Object.keys(operatorRules) as OperatorKind[]).filter((kind) => !differentiable.includes(kind)))(
    '%s says why',
    (kind) => {
      expect(operatorRules[kind].gradient).toMatchObject({
        notDifferentiable: expect.stringMatching(/\w/) as string,
      });
    },
  );
});
