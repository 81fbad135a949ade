// Operators that move elements without computing: constants, axes, the first position.
import type { OperatorKind } from '../operators.ts';
import { discrete, operand, requireType, type Emitter, type RulesOf } from '../rule.ts';
import {
  broadcastShapes,
  describeShape,
  elementCount,
  sameShape,
  type Dimension,
  type NodeOf,
  type Shape,
  type Tensor,
} from '../tensor.ts';

type Layout =
  'constant' | 'transpose' | 'reshape' | 'reshapeLike' | 'regroup' | 'concatenate' | 'split' | 'expandLike';

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

/** The shape of a regroup as a tensor: numbers, the sizes given, and -1 for a product of them. */
function emitRegroup(node: NodeOf<'regroup'>, emitter: Emitter): void {
  const { shape, symbols } = node.attributes;
  const target = emitter.fresh('target');
  const parts = shape.map((dimension) => {
    if (typeof dimension === 'number') return emitter.integers([dimension]);
    const place = symbols.indexOf(dimension);
    return place === -1 ? emitter.integers([-1]) : operand(node.inputs, 1 + place).name;
  });
  emitter.node({ operator: 'Concat', inputs: parts, outputs: [target], attributes: { axis: 0 } });
  emitter.node({
    operator: 'Reshape',
    inputs: [operand(node.inputs, 0).name, target],
    outputs: [operand(node.outputs, 0).name],
  });
}

function replaced(shape: Shape, axis: number, size: Dimension): Shape {
  return shape.map((dimension, place) => (place === axis ? size : dimension));
}

/** The sum of sizes along an axis, which must be known now. */
function knownSize(tensor: Tensor, axis: number): number {
  const size = tensor.shape[axis];
  if (typeof size !== 'number')
    throw new Error(`Axis ${axis} of ${describeShape(tensor.shape)} is not known.`);
  return size;
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
  regroup: {
    infer: (inputs, { shape, symbols }) => {
      const x = operand(inputs, 0);
      const open = shape.filter((dimension) => typeof dimension === 'string' && !symbols.includes(dimension));
      if (
        elementCount(x.shape) !== elementCount(shape) ||
        open.length > 1 ||
        inputs.length !== 1 + symbols.length
      )
        throw new Error(`${describeShape(x.shape)} cannot become ${describeShape(shape)}.`);
      return [{ type: x.type, shape }];
    },
    gradient: (build, node, dy) => {
      const [x, ...sizes] = node.inputs;
      if (x === undefined) throw new Error('A regroup needs an input.');
      const { symbols } = node.attributes;
      const back = build.one('regroup', [dy, ...sizes], { shape: x.shape, symbols });
      return [back, ...sizes.map((): typeof discrete => discrete)];
    },
    emit: emitRegroup,
  },
  concatenate: {
    infer: (inputs, { axis }) => {
      const x = operand(inputs, 0);
      for (const other of inputs)
        if (!sameShape(replaced(other.shape, axis, 0), replaced(x.shape, axis, 0)))
          throw new Error(`${describeShape(other.shape)} cannot follow ${describeShape(x.shape)}.`);
      const size = inputs.reduce((sum, input) => sum + knownSize(input, axis), 0);
      return [{ type: x.type, shape: replaced(x.shape, axis, size) }];
    },
    gradient: (build, node, dy) => {
      const { axis } = node.attributes;
      return build.apply('split', [dy], { axis, sizes: node.inputs.map((input) => knownSize(input, axis)) });
    },
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Concat',
        inputs: node.inputs.map((input) => input.name),
        outputs: [operand(node.outputs, 0).name],
        attributes: { axis: node.attributes.axis },
      });
    },
  },
  split: {
    infer: (inputs, { axis, sizes }) => {
      const x = operand(inputs, 0);
      if (sizes.reduce((sum, size) => sum + size, 0) !== knownSize(x, axis))
        throw new Error(`${describeShape(x.shape)} does not split into ${sizes.join(', ')} on axis ${axis}.`);
      return sizes.map((size) => ({ type: x.type, shape: replaced(x.shape, axis, size) }));
    },
    ofSeveralOutputs: true,
    gradient: (build, node, _dy, all) => {
      const { axis } = node.attributes;
      const parts = all.map((part, index) => {
        if (part === undefined) throw new Error(`Part ${index} of a split has no gradient.`);
        return part;
      });
      return [build.one('concatenate', parts, { axis })];
    },
    emit: (node, emitter) => {
      const { axis, sizes } = node.attributes;
      emitter.node({
        operator: 'Split',
        inputs: [operand(node.inputs, 0).name, emitter.integers(sizes)],
        outputs: node.outputs.map((output) => output.name),
        attributes: { axis },
      });
    },
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
