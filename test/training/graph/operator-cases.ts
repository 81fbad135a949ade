// For every operator ways to use it: shapes with symbols, broadcasting, transposition.
import { GraphBuilder } from '../../../src/training/graph/builder.ts';
import type { OperatorKind } from '../../../src/training/graph/operators.ts';
import type { Shape, Tensor } from '../../../src/training/graph/tensor.ts';

/** What a case has to draw from. */
export interface Draw {
  readonly build: GraphBuilder;
  /** A real input with a gradient; values from `low` to `high`. */
  readonly real: (shape: Shape, low?: number, high?: number) => Tensor;
  /** An int32 input of whole numbers below `bound`. */
  readonly index: (shape: Shape, bound: number) => Tensor;
  /** A uint8 input of 0 and 1. */
  readonly mask: (shape: Shape) => Tensor;
  /** An int64 input that holds the size of a symbol, or a number: [1], or a scalar. */
  readonly size: (value: 'n' | 'm' | number, shape?: Shape) => Tensor;
  /** Indices of `count` lookups in a table: ids, those that occur, and the place of each row among them. */
  readonly ids: (count: number, rows: number) => [Tensor, Tensor, Tensor];
  /** `count` different rows, and the place of each of all rows among them. */
  readonly picks: (count: number, rows: number) => [Tensor, Tensor];
}

export type Case = (draw: Draw) => Tensor;

const none = {} as const;

type Unary = 'exp' | 'erf' | 'tanh' | 'gelu' | 'sqrt' | 'softplus' | 'sigmoid' | 'relu' | 'sign';

const unary =
  (kind: Unary, low: number, high: number): Case =>
  ({ build, real }) =>
    build.one(kind, [real(['n', 5], low, high)], none);
const product =
  (a: Shape, b: Shape, transposeA: boolean, transposeB: boolean): Case =>
  ({ build, real }) =>
    build.matmul(real(a), real(b), { transposeA, transposeB, alpha: 0.7 });

/** One tensor in which each part counts differently. */
function combined(build: GraphBuilder, parts: readonly Tensor[]): Tensor {
  return parts
    .map((part, index) => build.scale(build.one('sumOfSquares', [part], none), index + 1))
    .reduce((sum, part) => build.add(sum, part));
}

/** Every kind of operator with at least one way to use it. */
export const operatorCases: Readonly<Record<OperatorKind, readonly Case[]>> = {
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
  softplus: [unary('softplus', -6, 6)],
  sigmoid: [unary('sigmoid', -6, 6)],
  // Away from 0, where the slope is not defined.
  relu: [unary('relu', 0.1, 2), unary('relu', -2, -0.1)],
  sign: [unary('sign', 0.1, 2), unary('sign', -2, -0.1)],
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
  logSoftmax: [({ build, real }) => build.one('logSoftmax', [real(['n', 5], -3, 3)], none)],
  layerNormalization: [
    ({ build, real }) =>
      build.one('layerNormalization', [real(['n', 6]), real([6]), real([6])], { epsilon: 1e-5 }),
  ],
  linear: [({ build, real }) => build.one('linear', [real(['n', 3]), real([4, 3]), real([4])], none)],
  reduceSum: [
    ({ build, real }) => build.reduceSum(real(['n', 'm', 3]), [0, 1], false),
    ({ build, real }) => build.reduceSum(real(['n', 3, 'm']), [-1], true),
  ],
  reduceMean: [
    ({ build, real }) => build.reduceMean(real(['n', 'm', 3]), [1], false),
    ({ build, real }) => build.reduceMean(real(['n']), [0], false),
  ],
  columnSum: [({ build, real }) => build.one('columnSum', [real(['n', 3])], none)],
  sumOfSquares: [({ build, real }) => build.one('sumOfSquares', [real(['n', 3])], none)],
  transpose: [
    ({ build, real }) => build.one('transpose', [real(['n', 'm', 2, 3])], { permutation: [0, 2, 1, 3] }),
    ({ build, real }) => build.one('transpose', [real(['n', 'm', 2])], { permutation: [2, 0, 1] }),
  ],
  reshape: [
    ({ build, real }) => build.reshape(real(['n', 'm', 6]), ['n', 'm', 2, 3]),
    ({ build, real }) => build.reshape(real(['n', 'm', 6]), ['n*m', 6]),
  ],
  regroup: [
    ({ build, real, size }) =>
      build.one('regroup', [real(['n*m', 6]), size('n'), size('m')], {
        shape: ['n', 'm', 2, 3],
        symbols: ['n', 'm'],
      }),
    ({ build, real, size }) =>
      build.one('regroup', [real(['n', 2, 'm', 3]), size('n'), size('m')], {
        shape: ['n*m', 6],
        symbols: ['n', 'm'],
      }),
  ],
  concatenate: [
    ({ build, real }) => build.one('concatenate', [real([2, 3]), real([1, 3]), real([4, 3])], { axis: 0 }),
    ({ build, real }) => build.one('concatenate', [real(['n', 2]), real(['n', 3])], { axis: 1 }),
  ],
  split: [
    ({ build, real }) => combined(build, build.apply('split', [real([6])], { axis: 0, sizes: [3, 1, 2] })),
    ({ build, real }) => combined(build, build.apply('split', [real(['n', 5])], { axis: 1, sizes: [2, 3] })),
  ],
  lookup: [
    ({ build, real, ids }) => build.one('lookup', [...ids(9, 7), real([7, 3])], none),
    ({ build, real, ids }) =>
      build.one('lookup', [...ids(5, 7), real([2, 3]), real([4, 3]), real([1, 3])], none),
  ],
  pickRows: [({ build, real, picks }) => build.one('pickRows', [real([7, 3]), ...picks(3, 7)], none)],
  headOrder: [0, 1].map((output) => ({ build, size }: Parameters<Case>[0]) => {
    const sizes = [size('n'), size('m')];
    const orders = build.apply('headOrder', sizes, { symbols: ['n', 'm'], parts: 3, heads: 2 });
    return build.one('cast', [orders[output]!], { type: 'float32' });
  }),
  permuteRows: [
    ({ build, real, size }) => {
      const sizes = [size('n'), size('m')];
      const orders = build.apply('headOrder', sizes, { symbols: ['n', 'm'], parts: 3, heads: 2 });
      return build.one('permuteRows', [real(['6*m*n', 4]), ...orders], none);
    },
  ],
  minimum: [({ build, real }) => build.one('minimum', [real(['n', 4]), real([4])], none)],
  cast: [({ build, index }) => build.one('cast', [index(['n', 3], 9)], { type: 'float32' })],
  dropout: [
    ({ build, real, mask }) =>
      build.one('dropout', [real(['n', 5]), mask(['n', 5])], { scale: 1 / 0.7, backward: false }),
    ({ build, real, mask }) =>
      build.one('dropout', [real(['n', 'm']), mask(['n', 'm'])], { scale: 2, backward: true }),
  ],
  zeros: [({ build, real }) => build.add(real(['n', 3]), build.one('zeros', [], { shape: [2, 1, 3] }))],
  offset: [
    ({ build, size }) =>
      build.one('cast', [build.one('offset', [size('n', []), size(4, [])], none)], { type: 'float32' }),
  ],
  loop: [
    ({ build, real, size }) => {
      const body = new GraphBuilder('inner_');
      const [start, table, first] = [real([3]), real([6, 3]), size(1, [])];
      const place = body.input('place', 'int64', []);
      const before = body.input('before', 'float32', [3]);
      const outside = (tensor: Tensor): Tensor => body.input(tensor.name, tensor.type, tensor.shape);
      const index = body.one('offset', [outside(first), place], none);
      const after = body.add(body.scale(before, 0.5), body.one('row', [outside(table), index], none));
      return build.one('loop', [size('n', []), start, first, table], {
        body: body.finish([after]),
        iteration: place.name,
        carried: [before.name],
      });
    },
  ],
  expandLike: [({ build, real }) => build.one('expandLike', [real(['n', 1, 3]), real(['n', 'm', 3])], none)],
  reshapeLike: [({ build, real }) => build.one('reshapeLike', [real(['n*m', 3]), real(['n', 'm', 3])], none)],
  spreadRows: [
    ({ build, real, picks }) => {
      const [indices, slots] = picks(3, 7);
      const rows = build.one('pickRows', [real([7, 2]), indices, slots], none);
      return build.one('spreadRows', [rows, slots], { first: 0, rows: 7 });
    },
    ({ build, real, picks }) => {
      const [indices, slots] = picks(4, 7);
      const rows = build.one('pickRows', [real([7, 2]), indices, slots], none);
      return build.one('spreadRows', [rows, slots], { first: 2, rows: 3 });
    },
  ],
  equality: [({ build, index }) => build.one('equality', [index([4], 3), index(['n'], 3)], none)],
  segmentBias: [({ build, index }) => build.one('segmentBias', [index(['n', 'm'], 2)], none)],
  row: [
    ({ build, real, size }) => build.one('row', [real([4, 3]), size(2, [])], none),
    ({ build, real, size }) => build.one('row', [real([4, 2, 3]), size(3, [])], none),
  ],
  pick: [({ build, real }) => build.one('pick', [real([5])], { index: 3 })],
  segment: [
    ({ build, real, size }) => build.one('segment', [real([20]), size(2), size(8)], { shape: ['part', 3] }),
    ({ build, real, size }) => build.one('segment', [real([9, 4]), size(3), size(5)], { shape: ['part', 4] }),
    ({ build, real, size }) =>
      build.one('segment', [real(['n*m']), size(0), size(40), size('n'), size('m')], { shape: ['n', 'm'] }),
  ],
};
