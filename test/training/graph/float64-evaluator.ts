// Evaluates a graph in double precision with plain loops: the truth that rules and onnxruntime are held against.
import type { OperatorKind } from '../../../src/training/graph/operators.ts';
import {
  broadcastShapes,
  type Dimension,
  type Graph,
  type NodeOf,
} from '../../../src/training/graph/tensor.ts';

export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Sizes = Readonly<Record<string, number>>;

type Evaluate<Kind extends OperatorKind> = (
  inputs: readonly Value[],
  node: NodeOf<Kind>,
  sizes: Sizes,
) => Value[];

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function resolve(shape: readonly Dimension[], sizes: Sizes): number[] {
  return shape.map((dimension) =>
    String(dimension)
      .split('*')
      .reduce((product, factor) => product * (sizes[factor] ?? Number(factor)), 1),
  );
}

/** Calls `visit` with each multi-index of a shape in row-major order. */
function forEachIndex(shape: readonly number[], visit: (index: number[], flat: number) => void): void {
  const index = shape.map(() => 0);
  for (let flat = 0; flat < elements(shape); flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** The element of a value at an index of a wider shape, under broadcasting. */
function at({ shape, data }: Value, index: readonly number[]): number {
  const skipped = index.length - shape.length;
  let flat = 0;
  shape.forEach((size, axis) => (flat = flat * size + (size === 1 ? 0 : index[skipped + axis]!)));
  return data[flat]!;
}

function build(shape: readonly number[], value: (index: number[]) => number): Value {
  const data = new Float64Array(elements(shape));
  forEachIndex(shape, (index, flat) => (data[flat] = value(index)));
  return { shape, data };
}

function binary(compute: (a: number, b: number) => number) {
  return ([a, b]: readonly Value[]): Value[] => [
    build(broadcastShapes(a!.shape, b!.shape).map(Number), (index) => compute(at(a!, index), at(b!, index))),
  ];
}

function unary(compute: (x: number) => number) {
  return ([x]: readonly Value[]): Value[] => [{ shape: x!.shape, data: x!.data.map(compute) }];
}

/** A series of positive terms only, Abramowitz and Stegun 7.1.6. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function transposeLastTwo(value: Value): Value {
  const shape = [...value.shape.slice(0, -2), value.shape.at(-1)!, value.shape.at(-2)!];
  return build(shape, (index) => at(value, [...index.slice(0, -2), index.at(-1)!, index.at(-2)!]));
}

const matmul: Evaluate<'matmul'> = ([left, right], { attributes }) => {
  const a = attributes.transposeA ? transposeLastTwo(left!) : left!;
  const b = attributes.transposeB ? transposeLastTwo(right!) : right!;
  const inner = a.shape.at(-1)!;
  return [
    build([...a.shape.slice(0, -1), b.shape.at(-1)!], (index) => {
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum +=
          at(a, [...index.slice(0, -1), k]) *
          at(b, [...index.slice(0, -2), k, index.at(-1)!].slice(-b.shape.length));
      return sum * attributes.alpha;
    }),
  ];
};

function eachRow(x: Value, compute: (row: Float64Array) => Float64Array): Value {
  const width = x.shape.at(-1)!;
  const data = new Float64Array(x.data.length);
  for (let start = 0; start < data.length; start += width)
    data.set(compute(x.data.subarray(start, start + width)), start);
  return { shape: x.shape, data };
}

function logSoftmax(row: Float64Array): Float64Array {
  const largest = Math.max(...row);
  const logSum = largest + Math.log(row.reduce((sum, score) => sum + Math.exp(score - largest), 0));
  return row.map((score) => score - logSum);
}

const layerNormalization: Evaluate<'layerNormalization'> = ([x, weight, bias], { attributes }) => {
  const width = x!.shape.at(-1)!;
  const rows = x!.data.length / width;
  const means = new Float64Array(rows);
  const inverse = new Float64Array(rows);
  let row = 0;
  const y = eachRow(x!, (values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / width;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    means[row] = mean;
    inverse[row] = 1 / Math.sqrt(variance + attributes.epsilon);
    const scale = inverse[row++]!;
    return values.map((value, place) => (value - mean) * scale * weight!.data[place]! + bias!.data[place]!);
  });
  const shape = [...x!.shape.slice(0, -1), 1];
  return [y, { shape, data: means }, { shape, data: inverse }];
};

function reduce(mean: boolean): Evaluate<'reduceSum' | 'reduceMean'> {
  return ([x], { attributes }) => {
    const rank = x!.shape.length;
    const reduced = x!.shape.map(
      (_, axis) => attributes.axes.includes(axis) || attributes.axes.includes(axis - rank),
    );
    const kept = x!.shape.map((size, axis) => (reduced[axis] ? 1 : size));
    const count = elements(x!.shape) / elements(kept);
    const sums = new Float64Array(elements(kept));
    forEachIndex(x!.shape, (index, flat) => {
      let place = 0;
      kept.forEach((size, axis) => (place = place * size + (size === 1 ? 0 : index[axis]!)));
      sums[place]! += x!.data[flat]! / (mean ? count : 1);
    });
    return [{ shape: attributes.keep ? kept : kept.filter((_, axis) => !reduced[axis]), data: sums }];
  };
}

function concatenate(parts: readonly Value[], axis: number): Value {
  const starts = parts.map((_, place) =>
    parts.slice(0, place).reduce((sum, part) => sum + part.shape[axis]!, 0),
  );
  const size = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  return build(parts[0]!.shape.with(axis, size), (index) => {
    const place = starts.findLastIndex((start) => start <= index[axis]!);
    return at(parts[place]!, index.with(axis, index[axis]! - starts[place]!));
  });
}

function split(x: Value, axis: number, sizes: readonly number[]): Value[] {
  let start = 0;
  return sizes.map((size) => {
    const first = start;
    start += size;
    return build(x.shape.with(axis, size), (index) => at(x, index.with(axis, index[axis]! + first)));
  });
}

const evaluators: { readonly [Kind in OperatorKind]: Evaluate<Kind> } = {
  add: binary((a, b) => a + b),
  subtract: binary((a, b) => a - b),
  multiply: binary((a, b) => a * b),
  divide: binary((a, b) => a / b),
  minimum: binary((a, b) => Math.min(a, b)),
  sqrt: unary(Math.sqrt),
  exp: unary(Math.exp),
  erf: unary(erf),
  tanh: unary(Math.tanh),
  gelu: unary((x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2))),
  softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  relu: unary((x) => Math.max(x, 0)),
  sign: unary(Math.sign),
  dropout: ([x, mask], { attributes }) => [
    { shape: x!.shape, data: x!.data.map((value, flat) => value * mask!.data[flat]! * attributes.scale) },
  ],
  zeros: (_inputs, { attributes: { shape } }) => [{ shape, data: new Float64Array(elements(shape)) }],
  offset: binary((a, b) => a + b),
  loop: (inputs, node, sizes) => {
    const { body, iteration, carried } = node.attributes;
    const named = node.inputs.map(({ name }, index): [string, Value] => [name, inputs[index]!]);
    const outside = new Map(named.slice(1 + carried.length));
    let values = inputs.slice(1, 1 + carried.length);
    for (let count = 0; count < inputs[0]!.data[0]!; count++) {
      const given = new Map(outside).set(iteration, { shape: [], data: Float64Array.of(count) });
      carried.forEach((name, index) => given.set(name, values[index]!));
      const all = evaluateGraph(body, given, sizes);
      values = body.outputs.map(({ name }) => all.get(name)!);
    }
    return values;
  },
  cast: ([x]) => [x!],
  constant: (_inputs, { attributes }, sizes) => [
    { shape: resolve(attributes.shape, sizes), data: Float64Array.from(attributes.values) },
  ],
  matmul,
  linear: ([x, weight, bias]) => [
    build([x!.shape[0]!, weight!.shape[0]!], ([n, output]) => {
      let sum = bias!.data[output!]!;
      for (let k = 0; k < x!.shape[1]!; k++) sum += at(x!, [n!, k]) * at(weight!, [output!, k]);
      return sum;
    }),
  ],
  logSoftmax: ([x]) => [eachRow(x!, logSoftmax)],
  softmax: ([x]) => [eachRow(x!, (row) => logSoftmax(row).map(Math.exp))],
  layerNormalization,
  reduceSum: reduce(false),
  reduceMean: reduce(true),
  sumOfSquares: ([x]) => [
    { shape: [], data: Float64Array.of(x!.data.reduce((sum, value) => sum + value * value, 0)) },
  ],
  columnSum: ([x]) => [
    build([x!.shape[1]!], ([column]) => {
      let sum = 0;
      for (let n = 0; n < x!.shape[0]!; n++) sum += at(x!, [n, column!]);
      return sum;
    }),
  ],
  expandLike: ([y, x]) => [build(x!.shape, (index) => at(y!, index))],
  transpose: ([x], { attributes: { permutation } }) => [
    build(
      permutation.map((axis) => x!.shape[axis]!),
      (index) =>
        at(
          x!,
          x!.shape.map((_, axis) => index[permutation.indexOf(axis)]!),
        ),
    ),
  ],
  reshape: ([x], { attributes }, sizes) => [{ shape: resolve(attributes.shape, sizes), data: x!.data }],
  reshapeLike: ([y, x]) => [{ shape: x!.shape, data: y!.data }],
  regroup: ([x], { attributes }, sizes) => [{ shape: resolve(attributes.shape, sizes), data: x!.data }],
  concatenate: (inputs, { attributes: { axis } }) => [concatenate(inputs, axis)],
  split: ([x], { attributes: { axis, sizes } }) => split(x!, axis, sizes),
  lookup: ([ids, , , ...blocks]) => {
    const table = concatenate(blocks, 0);
    return [
      build([elements(ids!.shape), table.shape[1]!], ([n, column]) => at(table, [ids!.data[n!]!, column!])),
    ];
  },
  pickRows: ([x, indices]) => [
    build([elements(indices!.shape), x!.shape[1]!], ([n, column]) => at(x!, [indices!.data[n!]!, column!])),
  ],
  spreadRows: ([y, slots], { attributes: { first, rows } }, sizes) => [
    build([...resolve([rows], sizes), y!.shape[1]!], ([row, column]) => {
      const place = slots!.data[first + row!]!;
      return place === y!.shape[0] ? 0 : at(y!, [place, column!]);
    }),
  ],
  headOrder: ([rows, width], { attributes: { parts, heads } }) => {
    const [n, m] = [rows!.data[0]!, width!.data[0]!];
    const order: number[] = [];
    for (let part = 0; part < parts; part++)
      for (let row = 0; row < n; row++)
        for (let head = 0; head < heads; head++)
          for (let place = 0; place < m; place++)
            order.push(((row * m + place) * parts + part) * heads + head);
    const reverse = order.map((_, piece) => order.indexOf(piece));
    return [order, reverse].map((list) => ({ shape: [list.length], data: Float64Array.from(list) }));
  },
  permuteRows: ([x, order]) => [build(x!.shape, ([row, column]) => at(x!, [order!.data[row!]!, column!]))],
  equality: ([left, right]) => [
    build([left!.shape[0]!, right!.shape[0]!], ([u, n]) => (left!.data[u!] === right!.data[n!] ? 1 : 0)),
  ],
  segmentBias: ([segments]) => {
    const [rows, width] = segments!.shape;
    return [
      build([rows!, 1, width!, width!], ([row, , query, key]) =>
        at(segments!, [row!, query!]) === at(segments!, [row!, key!]) ? 0 : -1e9,
      ),
    ];
  },
  row: ([array, index]) => {
    const shape = array!.shape.slice(1);
    const size = elements(shape);
    return [{ shape, data: array!.data.slice(index!.data[0]! * size, (index!.data[0]! + 1) * size) }];
  },
  pick: ([x], { attributes }) => [
    { shape: [1], data: x!.data.slice(attributes.index, attributes.index + 1) },
  ],
  segment: ([flat, start, end], { attributes }, sizes) => {
    const width = elements(flat!.shape.slice(1));
    const data = flat!.data.slice(start!.data[0]! * width, end!.data[0]! * width);
    return [{ shape: resolve(attributes.shape, sizes), data }];
  },
};

/** All values of a graph by name. `sizes` gives the symbols their numbers. */
export function evaluateGraph(
  graph: Graph,
  inputs: ReadonlyMap<string, Value>,
  sizes: Sizes,
): Map<string, Value> {
  const values = new Map(inputs);
  for (const node of graph.nodes) {
    const evaluateNode = evaluators[node.kind] as Evaluate<OperatorKind>;
    const results = evaluateNode(
      node.inputs.map((input) => values.get(input.name)!),
      node,
      sizes,
    );
    node.outputs.forEach((output, index) => values.set(output.name, results[index]!));
  }
  return values;
}
