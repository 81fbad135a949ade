// Packed batches: many short sequences in a few rows, and rows picked out of tables.
import type { GraphBuilder } from '../builder.ts';
import type { OperatorKind } from '../operators.ts';
import { discrete, operand, requireType, type Emitter, type GradientRule, type RulesOf } from '../rule.ts';
import { describeShape, type Dimension, type NodeOf, type Tensor } from '../tensor.ts';

/** Added to the score of a key of another segment: exp of anything near it is exactly 0 in float32. */
const otherSegmentBias = -1e9;

function vector(tensor: Tensor): Tensor {
  requireType(tensor, 'int32');
  if (tensor.shape.length !== 1) throw new Error(`${describeShape(tensor.shape)} is no vector.`);
  return tensor;
}

/** Sums the gradients of equal ids, then hands each block of rows its own. */
const lookupGradient: GradientRule<'lookup'> = (build, node, dy) => {
  const [ids, distinct, slots] = [operand(node.inputs, 0), operand(node.inputs, 1), operand(node.inputs, 2)];
  const sums = build.matmul(build.one('equality', [distinct, ids], {}), dy);
  let first = 0;
  const blocks = node.inputs.slice(3).map((block) => {
    const rows = Number(block.shape[0]);
    const gradient = spread(build, sums, slots, first, rows);
    first += rows;
    return gradient;
  });
  return [discrete, discrete, discrete, ...blocks];
};

function spread(
  build: GraphBuilder,
  y: Tensor,
  slots: Tensor,
  first: number,
  rows: Dimension | undefined,
): Tensor {
  if (rows === undefined) throw new Error('A table needs rows.');
  return build.one('spreadRows', [y, slots], { first, rows });
}

/** A zero row is put below y, then rows are gathered. */
function emitSpreadRows(node: NodeOf<'spreadRows'>, emitter: Emitter): void {
  const y = operand(node.inputs, 0);
  const slots = operand(node.inputs, 1);
  const { first, rows } = node.attributes;
  const extended = emitter.fresh('extended');
  const width = Number(y.shape[1]);
  const zero = emitter.fresh('zero_row');
  emitter.initializer({
    name: zero,
    type: 'float32',
    shape: [1, width],
    values: Array.from({ length: width }, () => 0),
  });
  emitter.node({
    operator: 'Concat',
    inputs: [y.name, zero],
    outputs: [extended],
    attributes: { axis: 0 },
  });
  const whole = rows === slots.shape[0];
  const part = whole ? slots.name : emitter.fresh('slots');
  if (!whole)
    emitter.node({
      operator: 'Slice',
      inputs: [slots.name, emitter.integers([first]), emitter.integers([first + Number(rows)])],
      outputs: [part],
    });
  emitter.node({
    operator: 'Gather',
    inputs: [extended, part],
    outputs: [operand(node.outputs, 0).name],
    attributes: { axis: 0 },
  });
}

/** Compares every element of one list with every element of another, along two new axes. */
function emitEqual(left: [string, number], right: [string, number], emitter: Emitter): string {
  const [wide, high, equal] = [emitter.fresh('left'), emitter.fresh('right'), emitter.fresh('equal')];
  emitter.node({ operator: 'Unsqueeze', inputs: [left[0], emitter.integers([left[1]])], outputs: [wide] });
  emitter.node({ operator: 'Unsqueeze', inputs: [right[0], emitter.integers([right[1]])], outputs: [high] });
  emitter.node({ operator: 'Equal', inputs: [wide, high], outputs: [equal] });
  return equal;
}

function emitCast(from: string, to: string, emitter: Emitter): void {
  emitter.node({
    operator: 'Cast',
    inputs: [from],
    outputs: [to],
    attributes: { to: { elementType: 'float32' } },
  });
}

function emitGather(table: string, indices: string, node: NodeOf<OperatorKind>, emitter: Emitter): void {
  emitter.node({
    operator: 'Gather',
    inputs: [table, indices],
    outputs: [operand(node.outputs, 0).name],
    attributes: { axis: 0 },
  });
}

type Packing = 'lookup' | 'pickRows' | 'spreadRows' | 'equality' | 'segmentBias';

export const packingRules: RulesOf<Packing> = {
  lookup: {
    infer: (inputs) => {
      const [ids, distinct, slots, ...blocks] = inputs;
      if (ids === undefined || distinct === undefined || slots === undefined)
        throw new Error('A lookup needs ids, distinct ids and slots.');
      for (const indices of [ids, distinct, slots]) vector(indices);
      const rows = blocks.reduce((sum, block) => sum + Number(block.shape[0]), 0);
      const width = blocks[0]?.shape[1];
      const size = ids.shape[0];
      if (width === undefined || size === undefined || slots.shape[0] !== rows)
        throw new Error(`A table of ${rows} rows does not fit slots ${describeShape(slots.shape)}.`);
      return [{ type: 'float32', shape: [size, width] }];
    },
    gradient: lookupGradient,
    emit: (node, emitter) => {
      const blocks = node.inputs.slice(3).map(({ name }) => name);
      const [only] = blocks;
      const table = blocks.length === 1 && only !== undefined ? only : emitter.fresh('table');
      if (blocks.length > 1)
        emitter.node({ operator: 'Concat', inputs: blocks, outputs: [table], attributes: { axis: 0 } });
      emitGather(table, operand(node.inputs, 0).name, node, emitter);
    },
  },
  pickRows: {
    infer: (inputs) => {
      const [x, indices, slots] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
      const [rows, width] = x.shape;
      const count = vector(indices).shape[0];
      if (rows === undefined || width === undefined || count === undefined || vector(slots).shape[0] !== rows)
        throw new Error(`Rows of ${describeShape(x.shape)} do not fit slots ${describeShape(slots.shape)}.`);
      return [{ type: x.type, shape: [count, width] }];
    },
    gradient: (build, node, dy) => [
      spread(build, dy, operand(node.inputs, 2), 0, operand(node.inputs, 0).shape[0]),
      discrete,
      discrete,
    ],
    emit: (node, emitter) => {
      emitGather(operand(node.inputs, 0).name, operand(node.inputs, 1).name, node, emitter);
    },
  },
  spreadRows: {
    infer: (inputs, { rows }) => {
      const y = operand(inputs, 0);
      const width = y.shape[1];
      vector(operand(inputs, 1));
      if (typeof width !== 'number') throw new Error(`The width of ${describeShape(y.shape)} must be known.`);
      return [{ type: y.type, shape: [rows, width] }];
    },
    gradient: { notDifferentiable: 'it occurs only as the gradient of lookups' },
    emit: emitSpreadRows,
  },
  equality: {
    infer: (inputs) => {
      const shape = [operand(inputs, 0), operand(inputs, 1)].flatMap((side) => [...vector(side).shape]);
      return [{ type: 'float32', shape }];
    },
    gradient: { notDifferentiable: 'ids are not real numbers' },
    emit: (node, emitter) => {
      const [left, right] = [operand(node.inputs, 0).name, operand(node.inputs, 1).name];
      emitCast(emitEqual([left, 1], [right, 0], emitter), operand(node.outputs, 0).name, emitter);
    },
  },
  segmentBias: {
    infer: (inputs) => {
      const segments = operand(inputs, 0);
      requireType(segments, 'int32');
      const [rows, width] = segments.shape;
      if (rows === undefined || width === undefined)
        throw new Error(`${describeShape(segments.shape)} is not [rows, width].`);
      return [{ type: 'float32', shape: [rows, 1, width, width] }];
    },
    gradient: { notDifferentiable: 'segments are not real numbers' },
    emit: (node, emitter) => {
      const segments = operand(node.inputs, 0).name;
      const spaced = emitter.fresh('spaced');
      const [differs, asNumber] = [emitter.fresh('differs'), emitter.fresh('as_number')];
      const bias = emitter.fresh('other_segment_bias');
      emitter.initializer({ name: bias, type: 'float32', shape: [], values: [otherSegmentBias] });
      emitter.node({ operator: 'Unsqueeze', inputs: [segments, emitter.integers([1])], outputs: [spaced] });
      const equal = emitEqual([spaced, 3], [spaced, 2], emitter);
      emitter.node({ operator: 'Not', inputs: [equal], outputs: [differs] });
      emitCast(differs, asNumber, emitter);
      emitter.node({
        operator: 'Mul',
        inputs: [asNumber, bias],
        outputs: [operand(node.outputs, 0).name],
      });
    },
  },
};
