// The vocabulary of graphs: every operator kind with its attributes. What each one does is in rules.ts.
import type { Dimension, ElementType, Graph, Shape } from './tensor.ts';

type None = Record<string, never>;

export interface OperatorAttributes {
  /** Elementwise with broadcasting. */
  add: None;
  subtract: None;
  multiply: None;
  divide: None;
  minimum: None;
  /** Elementwise. */
  sqrt: None;
  exp: None;
  erf: None;
  tanh: None;
  /** x * Phi(x) with the exact normal distribution function (erf), Hendrycks and Gimpel, arXiv 1606.08415. */
  gelu: None;
  cast: { readonly type: ElementType };
  /** A value known when the graph is built. */
  constant: { readonly type: ElementType; readonly shape: Shape; readonly values: readonly number[] };
  /** alpha * op(a) op(b) over the last two axes; b is a matrix or has the leading axes of a. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number };
  /** Over the last axis. */
  softmax: None;
  /** Inputs x, weight, bias; outputs y, mean, inverse standard deviation (the last axis reduced to 1). */
  layerNormalization: { readonly epsilon: number };
  /** x wᵀ + b: inputs x [n, in], weight [out, in], bias [out]. */
  linear: None;
  /** Over the last axis. */
  logSoftmax: None;
  /** log(1 + exp(x)), elementwise. */
  softplus: None;
  sigmoid: None;
  relu: None;
  /** -1, 0 or 1. */
  sign: None;
  /** Sums over axes; reduced axes stay as 1 when `keep`. */
  reduceSum: { readonly axes: readonly number[]; readonly keep: boolean };
  reduceMean: { readonly axes: readonly number[]; readonly keep: boolean };
  /** The sum of the squares of all elements, a scalar. */
  sumOfSquares: None;
  /** The first input repeated to the shape of the second. */
  expandLike: None;
  transpose: { readonly permutation: readonly number[] };
  /** At most one axis of the result may be a size that the input does not have at the same place. */
  reshape: { readonly shape: Shape };
  /** The first input in the shape of the second, which has as many elements. */
  reshapeLike: None;
  /**
   * Rows of a table that lies in several blocks of rows: inputs ids [n], distinct [u], slots [rows], then the blocks. The
   * distinct ids, and for each row of the table its place among them (u where it is not), serve the gradient: equal ids
   * are summed by a matrix product, in an order that is the same on every device.
   */
  lookup: None;
  /** Rows x[index] of [r, width], each at most once: inputs x, indices [n], slots [r]: the place of a row among the indices, or n. */
  pickRows: None;
  /** The reverse: row i of the result is y[slots[first + i]], 0 where that is the number of y's rows. */
  spreadRows: { readonly first: number; readonly rows: Dimension };
  /**
   * Where the rows of [rows, width, parts, heads] lie in the order [parts, rows, heads, width], and the reverse: inputs the
   * sizes of the two `symbols`, int64 [1]; outputs two vectors of int32.
   */
  headOrder: { readonly symbols: readonly [string, string]; readonly parts: number; readonly heads: number };
  /** Rows in another order: inputs x [n, width], order [n] and its reverse. Row i of the result is x[order[i]]. */
  permuteRows: None;
  /** 1 where the ids are equal, else 0: int32 [u] and [n] to float32 [u, n]. */
  equality: None;
  /** Added to attention scores of packed rows: 0 within a segment, -1e9 between two; int32 [rows, width] to [rows, 1, width, width]. */
  segmentBias: None;
  /** One row of an array of any type: inputs the array and an int64 scalar. */
  row: None;
  /** x times a mask of uint8 and a scale known now. `backward` tells the gradient's use of a mask from the first one. */
  dropout: { readonly scale: number; readonly backward: boolean };
  zeros: { readonly shape: readonly number[] };
  /** The sum of two int64 scalars. */
  offset: None;
  /**
   * Runs a body several times: inputs the count, an int64 scalar; the values that are carried from one time to the next;
   * and every tensor from outside that the body names. The body's outputs are the values carried on.
   */
  loop: { readonly body: Graph; readonly iteration: string; readonly carried: readonly string[] };
  /** The sum over the first axis of a matrix, a vector. */
  columnSum: None;
  concatenate: { readonly axis: number };
  /** Parts of these sizes along an axis, one output each. */
  split: { readonly axis: number; readonly sizes: readonly number[] };
  /** A reshape in which several sizes are only known at run time: inputs x and the sizes of the symbols in `symbols`. */
  regroup: { readonly shape: Shape; readonly symbols: readonly string[] };
  /** One element of a vector, as a vector of length 1. */
  pick: { readonly index: number };
  /** flat[start..end) reshaped; further inputs give, in order of appearance, the sizes of the symbolic axes. A single one needs none. */
  segment: { readonly shape: Shape };
}

export type OperatorKind = keyof OperatorAttributes;
