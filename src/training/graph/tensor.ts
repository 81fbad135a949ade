// What a graph is made of: typed tensor handles with symbolic shapes, and the nodes that produce them.
import type { OperatorAttributes, OperatorKind } from './operators.ts';

export type ElementType = 'float32' | 'int32' | 'int64' | 'uint8' | 'bool';

/** A number, or the name of a size that is only known at run time. `a*b` is the product of two such sizes. */
export type Dimension = number | string;
export type Shape = readonly Dimension[];

/** The element type and shape of a tensor. */
export interface TensorType {
  readonly type: ElementType;
  readonly shape: Shape;
}

/** A handle to one value of a graph. `name` is its ONNX name, unique within the graph. */
export interface Tensor extends TensorType {
  readonly name: string;
}

/** One application of an operator. */
export interface NodeOf<Kind extends OperatorKind> {
  readonly kind: Kind;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: OperatorAttributes[Kind];
}

/** A node of any operator; a union that `kind` tells apart. */
export type GraphNode = { [Kind in OperatorKind]: NodeOf<Kind> }[OperatorKind];

/** A graph in topological order. */
export interface Graph {
  readonly inputs: readonly Tensor[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly Tensor[];
}

/** A shape in words, for messages. */
export function describeShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Whether two shapes are the same, symbol for symbol. */
export function sameShape(left: Shape, right: Shape): boolean {
  return left.length === right.length && left.every((dimension, axis) => dimension === right[axis]);
}

/**
 * The shape of an elementwise result under ONNX (NumPy) broadcasting.
 * @throws Error when two sizes differ and neither is 1; different symbols count as different.
 */
export function broadcastShapes(left: Shape, right: Shape): Shape {
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, axis) => {
    const a = left[axis - rank + left.length] ?? 1;
    const b = right[axis - rank + right.length] ?? 1;
    if (a !== b && a !== 1 && b !== 1)
      throw new Error(`Shapes ${describeShape(left)} and ${describeShape(right)} do not broadcast.`);
    return a === 1 ? b : a;
  });
}

/** The product of sizes in a normal form (`12*batch*length`), so that two shapes of as many elements compare equal. */
export function elementCount(shape: Shape): Dimension {
  let product = 1;
  const symbols: string[] = [];
  for (const dimension of shape)
    for (const factor of String(dimension).split('*'))
      if (/^\d+$/.test(factor)) product *= Number(factor);
      else symbols.push(factor);
  if (symbols.length === 0) return product;
  return [...(product === 1 ? [] : [String(product)]), ...symbols.sort()].join('*');
}
