// The vocabulary of graphs: every operator kind with its attributes. What each one does is in rules.ts.
import type { ElementType, Shape } from './tensor.ts';

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
  /** Inputs logits [n, classes], labels [n]; outputs losses [n], log probabilities [n, classes]. */
  softmaxCrossEntropy: None;
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
  /** Rows of a table by index: table [rows, ...], indices any shape. */
  gather: None;
  /** The reverse of gather: zeros [rows, ...] with each update added at the row that its index names. */
  scatterAdd: { readonly rows: number };
  /** 1 where the class is the label: labels [n] to [n, classes]. */
  oneHot: { readonly classes: number };
  /** x[:, 0] of [batch, length, width]. */
  takeFirst: None;
  /** The reverse: y [batch, width] placed at position 0 of zeros shaped as the second input. */
  placeFirst: None;
  /** One element of a vector, as a vector of length 1. */
  pick: { readonly index: number };
  /** flat[start..end) reshaped; further inputs give, in order of appearance, the sizes of the symbolic axes. */
  segment: { readonly shape: Shape };
}

export type OperatorKind = keyof OperatorAttributes;
