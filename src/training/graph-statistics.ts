// What a graph costs: its operators, the floating-point operations of its matrix products, the bytes that pass through it.
import type { OnnxGraph } from './graph/onnx-schema.ts';
import type { OperatorKind } from './graph/operators.ts';
import { operand } from './graph/rule.ts';
import type { Dimension, ElementType, Graph, GraphNode, Shape, Tensor } from './graph/tensor.ts';

/** Numbers for the sizes that a graph leaves open, by their symbols. */
export type SymbolSizes = Readonly<Record<string, number>>;

/** A product of matrices [m, k] and [k, n], computed `count` times. */
interface MatrixProduct {
  /** Products of one node: one for each row and head of attention, else 1. */
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly count: number;
}

interface OperatorStatistics {
  readonly kind: OperatorKind;
  readonly nodes: number;
  /** Multiplications and additions of matrix products; what else an operator computes is not counted. */
  readonly flops: number;
  /** Read and written, every operand once. */
  readonly bytes: number;
}

export interface GraphStatistics {
  /** Those within loops included. */
  readonly nodes: number;
  readonly flops: number;
  readonly bytes: number;
  /** From the one with the most bytes to the one with the fewest. */
  readonly operators: readonly OperatorStatistics[];
  readonly products: readonly MatrixProduct[];
}

const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  int32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
};

/** Operators that read of their first operands only what they give back. */
const readsAsMuchAsItWrites: ReadonlySet<OperatorKind> = new Set([
  'row',
  'pick',
  'segment',
  'lookup',
  'pickRows',
  'permuteRows',
]);

/** Operators that onnxruntime carries out without touching an element. */
const movesNothing: ReadonlySet<OperatorKind> = new Set(['reshape', 'reshapeLike', 'regroup', 'constant']);

function sizeOf(dimension: Dimension, sizes: SymbolSizes): number {
  return String(dimension)
    .split('*')
    .reduce((product, factor) => {
      const size = /^\d+$/.test(factor) ? Number(factor) : sizes[factor];
      if (size === undefined) throw new Error(`The size ${factor} is not given.`);
      return product * size;
    }, 1);
}

function elements(shape: Shape, sizes: SymbolSizes): number {
  return shape.reduce<number>((product, dimension) => product * sizeOf(dimension, sizes), 1);
}

function bytesOf({ type, shape }: Tensor, sizes: SymbolSizes): number {
  return elementBytes[type] * elements(shape, sizes);
}

function nodeBytes(node: GraphNode, sizes: SymbolSizes): number {
  if (movesNothing.has(node.kind)) return 0;
  const written = node.outputs.reduce((sum, tensor) => sum + bytesOf(tensor, sizes), 0);
  if (readsAsMuchAsItWrites.has(node.kind)) return 2 * written;
  return written + node.inputs.reduce((sum, tensor) => sum + bytesOf(tensor, sizes), 0);
}

/** The matrix product that a node is, or null. */
function productOf(node: GraphNode, sizes: SymbolSizes): Omit<MatrixProduct, 'count'> | null {
  if (node.kind !== 'matmul' && node.kind !== 'linear') return null;
  const transposeA = node.kind === 'matmul' && node.attributes.transposeA;
  const transposeB = node.kind === 'linear' || node.attributes.transposeB;
  const left = operand(node.inputs, 0).shape.map((dimension) => sizeOf(dimension, sizes));
  const right = operand(node.inputs, 1).shape.map((dimension) => sizeOf(dimension, sizes));
  const leading = left.slice(0, -2).reduce((product, size) => product * size, 1);
  const [rows, columns] = [left.at(-2) ?? 1, left.at(-1) ?? 1];
  const isShared = right.length === 2;
  const m = transposeA ? columns : rows;
  return {
    // One matrix on the right is multiplied with all rows at once.
    batch: isShared ? 1 : leading,
    m: isShared ? m * leading : m,
    k: transposeA ? rows : columns,
    n: right.at(transposeB ? -2 : -1) ?? 1,
    transposeA,
    transposeB,
  };
}

function flopsOf({ batch, m, k, n }: Omit<MatrixProduct, 'count'>): number {
  return 2 * batch * m * k * n;
}

/** Calls `visit` with every node, those of loops within included, and with how often each is computed. */
function visitNodes(
  graph: Graph,
  repeats: number,
  loopIterations: number,
  visit: (node: GraphNode, repeats: number) => void,
): void {
  for (const node of graph.nodes)
    if (node.kind === 'loop')
      visitNodes(node.attributes.body, repeats * loopIterations, loopIterations, visit);
    else visit(node, repeats);
}

/**
 * The statistics of one pass through a graph.
 * @param sizes of every symbol in a shape that is computed with.
 * @param loopIterations how often a loop within the graph goes round.
 * @throws Error naming a symbol that has no size
 */
export function graphStatistics(graph: Graph, sizes: SymbolSizes, loopIterations = 1): GraphStatistics {
  const byKind = new Map<OperatorKind, OperatorStatistics>();
  const products = new Map<string, MatrixProduct>();
  visitNodes(graph, 1, loopIterations, (node, repeats) => {
    const product = productOf(node, sizes);
    const flops = product === null ? 0 : repeats * flopsOf(product);
    const known = byKind.get(node.kind) ?? { kind: node.kind, nodes: 0, flops: 0, bytes: 0 };
    byKind.set(node.kind, {
      kind: node.kind,
      nodes: known.nodes + 1,
      flops: known.flops + flops,
      bytes: known.bytes + repeats * nodeBytes(node, sizes),
    });
    if (product === null) return;
    const key = Object.values(product).join();
    products.set(key, { ...product, count: (products.get(key)?.count ?? 0) + repeats });
  });
  const operators = [...byKind.values()].sort((a, b) => b.bytes - a.bytes);
  const total = (value: (of: OperatorStatistics) => number): number =>
    operators.reduce((sum, operator) => sum + value(operator), 0);
  return {
    nodes: total(({ nodes }) => nodes),
    flops: total(({ flops }) => flops),
    bytes: total(({ bytes }) => bytes),
    operators,
    products: [...products.values()].sort((a, b) => b.count * flopsOf(b) - a.count * flopsOf(a)),
  };
}

/** How often each operator of ONNX occurs in a graph and in all graphs within it, as `domain.Operator`. */
export function onnxOperators(graph: OnnxGraph): Map<string, number> {
  const counts = new Map<string, number>();
  const visit = ({ nodes }: OnnxGraph): void => {
    for (const { domain = '', operator, attributes = {} } of nodes) {
      const name = domain === '' ? operator : `${domain}.${operator}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      for (const attribute of Object.values(attributes))
        if (typeof attribute === 'object' && 'graph' in attribute) visit(attribute.graph);
    }
  };
  visit(graph);
  return counts;
}
