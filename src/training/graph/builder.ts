// Builds a graph node by node. Shapes and types are inferred and checked as each node is added.
import type { OperatorAttributes, OperatorKind } from './operators.ts';
import { operatorRules } from './rules.ts';
import type { ElementType, Graph, GraphNode, NodeOf, Shape, Tensor } from './tensor.ts';

/** A graph in the making: inputs are declared, nodes added, and `finish` keeps what the outputs need. */
export class GraphBuilder {
  readonly #inputs: Tensor[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #scalars = new Map<number, Tensor>();
  readonly #prefix: string;

  /** @param prefix before the names of all nodes, so that a graph within another has its own. */
  constructor(prefix = '') {
    this.#prefix = prefix;
  }

  /** Declares a value that comes from outside. */
  input(name: string, type: ElementType, shape: Shape): Tensor {
    const tensor = { name, type, shape };
    this.#inputs.push(tensor);
    return tensor;
  }

  /**
   * Adds a node and returns all of its outputs.
   * @throws Error naming the operator when the inputs do not fit it.
   */
  apply<Kind extends OperatorKind>(
    kind: Kind,
    inputs: readonly Tensor[],
    attributes: OperatorAttributes[Kind],
  ): readonly Tensor[] {
    const prefix = `${this.#prefix}${kind}_${this.#nodes.length}`;
    const outputs = operatorRules[kind].infer(inputs, attributes).map((output, index) => ({
      ...output,
      name: index === 0 ? prefix : `${prefix}_${index}`,
    }));
    const node: NodeOf<Kind> = { kind, inputs, outputs, attributes };
    // NodeOf<Kind> of one Kind is a member of the union over all kinds; the compiler cannot see that for a generic Kind.
    this.#nodes.push(node as unknown as GraphNode);
    return outputs;
  }

  /** Adds a node and returns its first output. */
  one<Kind extends OperatorKind>(
    kind: Kind,
    inputs: readonly Tensor[],
    attributes: OperatorAttributes[Kind],
  ): Tensor {
    return first(this.apply(kind, inputs, attributes));
  }

  /** left + right, with broadcasting. */
  add(left: Tensor, right: Tensor): Tensor {
    return this.one('add', [left, right], {});
  }

  /** left - right, with broadcasting. */
  subtract(left: Tensor, right: Tensor): Tensor {
    return this.one('subtract', [left, right], {});
  }

  /** left * right elementwise, with broadcasting. */
  multiply(left: Tensor, right: Tensor): Tensor {
    return this.one('multiply', [left, right], {});
  }

  /** x times a number known now. */
  scale(x: Tensor, factor: number): Tensor {
    return this.multiply(x, this.scalar(factor));
  }

  /** A float32 scalar; the same number gives the same tensor. */
  scalar(value: number): Tensor {
    const known = this.#scalars.get(value);
    if (known !== undefined) return known;
    const tensor = this.one('constant', [], { type: 'float32', shape: [], values: [value] });
    this.#scalars.set(value, tensor);
    return tensor;
  }

  /** alpha * op(left) op(right) over the last two axes, where op transposes or not. */
  matmul(
    left: Tensor,
    right: Tensor,
    options: { transposeA?: boolean; transposeB?: boolean; alpha?: number } = {},
  ): Tensor {
    const { transposeA = false, transposeB = false, alpha = 1 } = options;
    return this.one('matmul', [left, right], { transposeA, transposeB, alpha });
  }

  /** The same elements in another shape. */
  reshape(x: Tensor, shape: Shape): Tensor {
    return this.one('reshape', [x], { shape });
  }

  /** The sums over axes, which stay with size 1 when `keep`. */
  reduceSum(x: Tensor, axes: readonly number[], keep: boolean): Tensor {
    return this.one('reduceSum', [x], { axes, keep });
  }

  /** The means over axes, which stay with size 1 when `keep`. */
  reduceMean(x: Tensor, axes: readonly number[], keep: boolean): Tensor {
    return this.one('reduceMean', [x], { axes, keep });
  }

  /** What comes from outside, in the order in which it was declared. */
  get declared(): readonly Tensor[] {
    return this.#inputs;
  }

  /** All nodes so far, in topological order. */
  get history(): readonly GraphNode[] {
    return this.#nodes;
  }

  /** The graph of what the outputs need; nodes that nothing needs are left out. */
  finish(outputs: readonly Tensor[]): Graph {
    const needed = new Set(outputs.map((tensor) => tensor.name));
    const kept: GraphNode[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (!node.outputs.some((output) => needed.has(output.name))) continue;
      for (const input of node.inputs) needed.add(input.name);
      kept.push(node);
    }
    return { inputs: this.#inputs, nodes: kept.reverse(), outputs };
  }
}

/**
 * The first of several tensors.
 * @throws Error when there is none.
 */
function first(tensors: readonly Tensor[]): Tensor {
  const [tensor] = tensors;
  if (tensor === undefined) throw new Error('A tensor is missing.');
  return tensor;
}
