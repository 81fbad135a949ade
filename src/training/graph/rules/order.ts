// Rows in another order, by Gather: onnxruntime's Transpose of such short rows works on one thread.
import type { OnnxNode } from '../onnx-schema.ts';
import { discrete, operand, requireType, type Emitter, type RulesOf } from '../rule.ts';
import { describeShape, elementCount, type NodeOf, type Tensor } from '../tensor.ts';

/** A sum or product of two integer tensors with broadcasting. */
type Arithmetic = (operator: 'Add' | 'Mul', left: string, right: string) => string;

function arithmetic(emitter: Emitter): Arithmetic {
  return (operator, left, right) => {
    const result = emitter.fresh('place');
    emitter.node({ operator, inputs: [left, right], outputs: [result] });
    return result;
  };
}

/** 0, 1, .. size - 1 times a factor, as a constant of a shape. */
function constantRange(size: number, factor: number, shape: readonly number[], emitter: Emitter): string {
  const name = emitter.fresh('range');
  const values = Array.from({ length: size }, (_, index) => index * factor);
  emitter.initializer({ name, type: 'int64', shape, values });
  return name;
}

/** 0, 1, .. size - 1 along the first of so many axes; the size is known at run time only. */
function range(size: string, axes: number, emitter: Emitter): string {
  const [scalar, flat, shaped] = [emitter.fresh('size'), emitter.fresh('range'), emitter.fresh('range')];
  const [zero, one] = [emitter.fresh('zero'), emitter.fresh('one')];
  emitter.initializer({ name: zero, type: 'int64', shape: [], values: [0] });
  emitter.initializer({ name: one, type: 'int64', shape: [], values: [1] });
  const reshape = (from: string, shape: readonly number[], to: string): OnnxNode => ({
    operator: 'Reshape',
    inputs: [from, emitter.integers(shape)],
    outputs: [to],
  });
  emitter.node({ operator: 'Squeeze', inputs: [size], outputs: [scalar] });
  emitter.node({ operator: 'Range', inputs: [zero, scalar, one], outputs: [flat] });
  emitter.node(reshape(flat, [-1, ...Array.from({ length: axes - 1 }, () => 1)], shaped));
  return shaped;
}

/** A vector of int32 from an array of int64. */
function emitVector(places: string, to: Tensor, emitter: Emitter): void {
  const flat = emitter.fresh('flat');
  emitter.node({ operator: 'Reshape', inputs: [places, emitter.integers([-1])], outputs: [flat] });
  emitter.node({
    operator: 'Cast',
    inputs: [flat],
    outputs: [to.name],
    attributes: { to: { elementType: 'int32' } },
  });
}

function emitHeadOrder(node: NodeOf<'headOrder'>, emitter: Emitter): void {
  const { parts, heads } = node.attributes;
  const [rows, width] = [operand(node.inputs, 0).name, operand(node.inputs, 1).name];
  const of = arithmetic(emitter);
  const scaled = (x: string, factor: number): string => of('Mul', x, emitter.integers([factor]));
  // [parts, rows, heads, width]: ((row * width + place) * parts + part) * heads + head.
  const token = of('Add', of('Mul', range(rows, 3, emitter), width), range(width, 1, emitter));
  const partAndHead = constantRange(parts * heads, 1, [parts, 1, heads, 1], emitter);
  emitVector(of('Add', scaled(token, parts * heads), partAndHead), operand(node.outputs, 0), emitter);
  // [rows, width, parts, heads]: ((part * rows + row) * heads + head) * width + place.
  const part = constantRange(parts, 1, [parts, 1], emitter);
  const partAndRow = of('Add', of('Mul', part, rows), range(rows, 4, emitter));
  const head = constantRange(heads, 1, [heads], emitter);
  const block = of('Add', scaled(partAndRow, heads), head);
  const inverse = of('Add', of('Mul', block, width), range(width, 3, emitter));
  emitVector(inverse, operand(node.outputs, 1), emitter);
}

export const orderRules: RulesOf<'headOrder' | 'permuteRows'> = {
  headOrder: {
    infer: (inputs, { symbols, parts, heads }) => {
      for (const size of [operand(inputs, 0), operand(inputs, 1)]) requireType(size, 'int64');
      const order = { type: 'int32' as const, shape: [elementCount([...symbols, parts, heads])] };
      return [order, order];
    },
    gradient: { notDifferentiable: 'places are not real numbers' },
    emit: emitHeadOrder,
  },
  permuteRows: {
    infer: (inputs) => {
      const x = operand(inputs, 0);
      for (const order of [operand(inputs, 1), operand(inputs, 2)]) {
        requireType(order, 'int32');
        if (order.shape.length !== 1 || x.shape.length !== 2 || order.shape[0] !== x.shape[0])
          throw new Error(`${describeShape(order.shape)} is no order of rows of ${describeShape(x.shape)}.`);
      }
      return [{ type: x.type, shape: x.shape }];
    },
    gradient: (build, node, dy) => [
      build.one('permuteRows', [dy, operand(node.inputs, 2), operand(node.inputs, 1)], {}),
      discrete,
      discrete,
    ],
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Gather',
        inputs: [operand(node.inputs, 0).name, operand(node.inputs, 1).name],
        outputs: [operand(node.outputs, 0).name],
        attributes: { axis: 0 },
      });
    },
  },
};
