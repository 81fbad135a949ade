// Every operator: its gradient against central differences in double precision, its ONNX form against that evaluator.
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/training/graph/builder.ts';
import { checkGraph } from '../../../src/training/graph/checker.ts';
import { differentiate } from '../../../src/training/graph/differentiate.ts';
import { encodeModel } from '../../../src/training/graph/onnx-encoding.ts';
import { emitGraph } from '../../../src/training/graph/onnx-emission.ts';
import { operatorRules } from '../../../src/training/graph/rules.ts';
import type { OperatorKind } from '../../../src/training/graph/operators.ts';
import type { ElementType, Graph, Shape, Tensor } from '../../../src/training/graph/tensor.ts';
import { createKeystream, wordReader } from '../../../src/training/random/keystream.ts';
import { permutation } from '../../../src/training/random/permutation.ts';
import { openSession } from '../../../src/training/runtime/session.ts';
import type { InputValue } from '../../../src/training/step-inputs.ts';
import { operatorCases as cases, type Case, type Draw } from './operator-cases.ts';
import { elements, evaluateGraph, resolve, type Sizes, type Value } from './float64-evaluator.ts';

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

function draw(makeOutput: Case, seed: number, isDifferentiable = true): Drawn {
  const next = wordReader(createKeystream(seed, 'operator test'), 0, 0);
  const uniform = (low: number, high: number): number => low + ((high - low) * next()) / 2 ** 32;
  const sizes = { n: 1 + (next() % 4), m: 2 + (next() % 4), part: 2 };
  const build = new GraphBuilder();
  const values = new Map<string, Value>();
  const reals: Tensor[] = [];
  const add = (type: ElementType, shape: Shape, value: (index: number) => number): Tensor => {
    const tensor = build.input(`input_${values.size}`, type, shape);
    const actual = resolve(shape, sizes);
    values.set(tensor.name, {
      shape: actual,
      data: Float64Array.from({ length: elements(actual) }, (_, index) => value(index)),
    });
    return tensor;
  };
  const real: Draw['real'] = (shape, low = -1, high = 1) => {
    // Rounded to float32, so that both precisions see the same numbers.
    const tensor = add('float32', shape, () => Math.fround(uniform(low, high)));
    reals.push(tensor);
    return tensor;
  };
  const given = (data: readonly number[]): Tensor => add('int32', [data.length], (index) => data[index]!);
  const places = (chosen: readonly number[], rows: number): Tensor =>
    given(
      Array.from({ length: rows }, (_, row) => (chosen.includes(row) ? chosen.indexOf(row) : chosen.length)),
    );
  const output = makeOutput({
    build,
    real,
    index: (shape, bound) => add('int32', shape, () => next() % bound),
    mask: (shape) => add('uint8', shape, () => next() % 2),
    size: (value, shape = [1]) =>
      add('int64', shape, () => (typeof value === 'number' ? value : sizes[value])),
    ids: (count, rows) => {
      const ids = Array.from({ length: count }, () => next() % rows);
      const distinct = [...new Set(ids)];
      return [given(ids), given(distinct), places(distinct, rows)];
    },
    picks: (count, rows) => {
      const chosen = permutation(createKeystream(seed, 'picks'), 0, rows).subarray(0, count);
      return [given([...chosen]), places([...chosen], rows)];
    },
  });
  // Random weights make every element of the output count differently.
  const weights = add('float32', output.shape, () => Math.fround(uniform(0.5, 1.5)));
  const axes = output.shape.map((_, axis) => axis);
  const weighted = build.multiply(output, weights);
  const loss = axes.length === 0 ? weighted : build.reduceSum(weighted, axes, false);
  const gradients = isDifferentiable ? differentiate(build, loss, reals) : [];
  const graph = build.finish([loss, output, ...gradients]);
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

function asType(type: ElementType, data: Float64Array): InputValue['data'] {
  if (type === 'int32') return Int32Array.from(data);
  if (type === 'int64') return BigInt64Array.from(data, (value) => BigInt(value));
  if (type === 'uint8') return Uint8Array.from(data);
  return Float32Array.from(data);
}

async function runInOnnxruntime({ graph, values }: Drawn): Promise<Readonly<Record<string, Float32Array>>> {
  const session = await openSession(encodeModel(emitGraph('case', graph)), 'cpu', 1);
  const inputs = Object.fromEntries(
    graph.inputs.map(({ name, type }): [string, InputValue] => {
      const { shape, data } = values.get(name)!;
      return [name, { type, shape, data: asType(type, data) }];
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
  it('has the gradient that central differences show', () => {
    for (const seed of seeds)
      for (const makeOutput of cases[kind]) {
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
});

describe.each(Object.keys(cases) as OperatorKind[])('%s', (kind) => {
  it('computes the same in onnxruntime, forward and, where it has a gradient, backward', async () => {
    for (const seed of seeds)
      for (const makeOutput of cases[kind]) {
        const drawn = draw(makeOutput, seed, differentiable.includes(kind));
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
