// Operators that move elements without computing: constants, axes, the first position.
import type { OperatorKind } from '../operators.ts';
import { operand, requireType, type Emitter, type RulesOf } from '../rule.ts';
import { broadcastShapes, describeShape, elementCount, type NodeOf, type Shape } from '../tensor.ts';

type Layout =
  'constant' | 'transpose' | 'reshape' | 'reshapeLike' | 'takeFirst' | 'placeFirst' | 'expandLike';

/** ONNX Reshape takes 0 for "as in the input" and one -1 for "what remains". */
function reshapeTarget(from: Shape, to: Shape): number[] {
  return to.map((dimension, axis) => {
    if (typeof dimension === 'number') return dimension;
    return from[axis] === dimension ? 0 : -1;
  });
}

function isReachable(from: Shape, to: Shape): boolean {
  return reshapeTarget(from, to).filter((dimension) => dimension === -1).length <= 1;
}

function rankThree(shape: Shape): Shape {
  if (shape.length !== 3) throw new Error(`${describeShape(shape)} is not [batch, length, width].`);
  return shape;
}

/** Pads y [batch, width] with zeros behind position 0 to the length of x. */
function emitPlaceFirst(node: NodeOf<'placeFirst'>, emitter: Emitter): void {
  const [column, length, rest, padding] = ['column', 'length', 'rest', 'padding'].map((hint) =>
    emitter.fresh(hint),
  );
  if (column === undefined || length === undefined || rest === undefined || padding === undefined) return;
  const y = operand(node.inputs, 0).name;
  emitter.node({ operator: 'Unsqueeze', inputs: [y, emitter.integers([1])], outputs: [column] });
  emitter.node({
    operator: 'Shape',
    inputs: [operand(node.inputs, 1).name],
    outputs: [length],
    attributes: { start: 1, end: 2 },
  });
  emitter.node({ operator: 'Sub', inputs: [length, emitter.integers([1])], outputs: [rest] });
  emitter.node({
    operator: 'Concat',
    inputs: [emitter.integers([0, 0, 0, 0]), rest, emitter.integers([0])],
    outputs: [padding],
    attributes: { axis: 0 },
  });
  emitter.node({ operator: 'Pad', inputs: [column, padding], outputs: [operand(node.outputs, 0).name] });
}

function emitUnary(
  operator: string,
  extraInputs: (node: NodeOf<OperatorKind>, emitter: Emitter) => string[],
) {
  return (node: NodeOf<OperatorKind>, emitter: Emitter): void => {
    emitter.node({
      operator,
      inputs: [operand(node.inputs, 0).name, ...extraInputs(node, emitter)],
      outputs: [operand(node.outputs, 0).name],
    });
  };
}

/** The first input brought into the shape that the second has at run time. */
function emitInShapeOf(operator: 'Reshape' | 'Expand') {
  return (node: NodeOf<OperatorKind>, emitter: Emitter): void => {
    const shape = emitter.fresh('shape');
    emitter.node({ operator: 'Shape', inputs: [operand(node.inputs, 1).name], outputs: [shape] });
    emitUnary(operator, () => [shape])(node, emitter);
  };
}

export const layoutRules: RulesOf<Layout> = {
  constant: {
    infer: (_inputs, { type, shape, values }) => {
      if (elementCount(shape) !== values.length)
        throw new Error(`A constant of shape ${describeShape(shape)} has ${values.length} values.`);
      return [{ type, shape }];
    },
    gradient: () => [],
    emit: (node, emitter) => {
      const { name, type, shape } = operand(node.outputs, 0);
      emitter.initializer({ name, type, shape: shape.map(Number), values: node.attributes.values });
    },
  },
  transpose: {
    infer: (inputs, { permutation }) => {
      const x = operand(inputs, 0);
      const shape = permutation.map((axis) => x.shape[axis]);
      if (permutation.length !== x.shape.length || new Set(permutation).size !== x.shape.length)
        throw new Error(`[${permutation.join(', ')}] does not permute ${describeShape(x.shape)}.`);
      return [{ type: x.type, shape: shape.filter((dimension) => dimension !== undefined) }];
    },
    gradient: (build, node, dy) => {
      const inverse = node.attributes.permutation.map((_, axis) => node.attributes.permutation.indexOf(axis));
      return [build.one('transpose', [dy], { permutation: inverse })];
    },
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Transpose',
        inputs: [operand(node.inputs, 0).name],
        outputs: [operand(node.outputs, 0).name],
        attributes: { perm: { integers: node.attributes.permutation } },
      });
    },
  },
  reshape: {
    infer: (inputs, { shape }) => {
      const x = operand(inputs, 0);
      if (elementCount(x.shape) !== elementCount(shape) || !isReachable(x.shape, shape))
        throw new Error(`${describeShape(x.shape)} cannot become ${describeShape(shape)}.`);
      return [{ type: x.type, shape }];
    },
    gradient: (build, node, dy) => {
      const x = operand(node.inputs, 0);
      return [
        isReachable(dy.shape, x.shape) ? build.reshape(dy, x.shape) : build.one('reshapeLike', [dy, x], {}),
      ];
    },
    emit: (node, emitter) => {
      const target = reshapeTarget(operand(node.inputs, 0).shape, node.attributes.shape);
      emitUnary('Reshape', () => [emitter.integers(target)])(node, emitter);
    },
  },
  reshapeLike: {
    infer: (inputs) => {
      const y = operand(inputs, 0);
      const { shape } = operand(inputs, 1);
      if (elementCount(y.shape) !== elementCount(shape))
        throw new Error(`${describeShape(y.shape)} cannot become ${describeShape(shape)}.`);
      return [{ type: y.type, shape }];
    },
    gradient: { notDifferentiable: 'it occurs only as the gradient of reshape' },
    emit: emitInShapeOf('Reshape'),
  },
  takeFirst: {
    infer: (inputs) => {
      const x = operand(inputs, 0);
      const shape = rankThree(x.shape);
      return [{ type: x.type, shape: [...shape.slice(0, 1), ...shape.slice(2)] }];
    },
    gradient: (build, node, dy) => [build.one('placeFirst', [dy, operand(node.inputs, 0)], {})],
    emit: (node, emitter) => {
      const index = emitter.fresh('first');
      emitter.initializer({ name: index, type: 'int64', shape: [], values: [0] });
      emitter.node({
        operator: 'Gather',
        inputs: [operand(node.inputs, 0).name, index],
        outputs: [operand(node.outputs, 0).name],
        attributes: { axis: 1 },
      });
    },
  },
  placeFirst: {
    infer: (inputs) => {
      const y = operand(inputs, 0);
      requireType(y, 'float32');
      return [{ type: y.type, shape: rankThree(operand(inputs, 1).shape) }];
    },
    // The second input lends only its shape; the gradient with respect to its values is not asked for by any model.
    gradient: { notDifferentiable: 'it occurs only as the gradient of takeFirst' },
    emit: emitPlaceFirst,
  },
  expandLike: {
    infer: (inputs) => {
      const y = operand(inputs, 0);
      const { shape } = operand(inputs, 1);
      requireType(y, 'float32');
      broadcastShapes(y.shape, shape);
      return [{ type: y.type, shape }];
    },
    gradient: { notDifferentiable: 'it occurs only as the gradient of sums and means' },
    emit: emitInShapeOf('Expand'),
  },
};
