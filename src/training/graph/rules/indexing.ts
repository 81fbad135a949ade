// Lookup by index, its reverse, and cutting the values of one step out of flat arrays.
import { discrete, operand, requireType, type Emitter, type RulesOf } from '../rule.ts';
import { describeShape, elementCount, type NodeOf } from '../tensor.ts';

/** ScatterElements, since ScatterND with addition loses updates on several threads (onnxruntime issue 23396). */
function emitScatterAdd(node: NodeOf<'scatterAdd'>, emitter: Emitter): void {
  const indices = operand(node.inputs, 0);
  const updates = operand(node.inputs, 1);
  const output = operand(node.outputs, 0);
  const width = Number(output.shape[1]);
  const flatIndices = emitter.fresh('flat_indices');
  const flatUpdates = emitter.fresh('flat_updates');
  const updatesShape = emitter.fresh('updates_shape');
  const wideIndices = emitter.fresh('wide_indices');
  const zero = emitter.fresh('zero');
  const zeros = emitter.fresh('zeros');
  emitter.node({
    operator: 'Reshape',
    inputs: [indices.name, emitter.integers([-1, 1])],
    outputs: [flatIndices],
  });
  emitter.node({
    operator: 'Reshape',
    inputs: [updates.name, emitter.integers([-1, width])],
    outputs: [flatUpdates],
  });
  emitter.node({ operator: 'Shape', inputs: [flatUpdates], outputs: [updatesShape] });
  emitter.node({ operator: 'Expand', inputs: [flatIndices, updatesShape], outputs: [wideIndices] });
  emitter.initializer({ name: zero, type: 'float32', shape: [], values: [0] });
  emitter.node({
    operator: 'Expand',
    inputs: [zero, emitter.integers([node.attributes.rows, width])],
    outputs: [zeros],
  });
  emitter.node({
    operator: 'ScatterElements',
    inputs: [zeros, wideIndices, flatUpdates],
    outputs: [output.name],
    attributes: { axis: 0, reduction: { text: 'add' } },
  });
}

function emitSegment(node: NodeOf<'segment'>, emitter: Emitter): void {
  const [flat, start, end, ...sizes] = node.inputs.map((input) => input.name);
  if (flat === undefined || start === undefined || end === undefined) return;
  const cut = emitter.fresh('cut');
  const shape = emitter.fresh('shape');
  const pending = [...sizes];
  const parts = node.attributes.shape.map((dimension) =>
    typeof dimension === 'number' ? emitter.integers([dimension]) : (pending.shift() ?? ''),
  );
  emitter.node({ operator: 'Slice', inputs: [flat, start, end], outputs: [cut] });
  emitter.node({ operator: 'Concat', inputs: parts, outputs: [shape], attributes: { axis: 0 } });
  emitter.node({ operator: 'Reshape', inputs: [cut, shape], outputs: [operand(node.outputs, 0).name] });
}

export const indexingRules: RulesOf<'gather' | 'scatterAdd' | 'pick' | 'segment'> = {
  gather: {
    infer: (inputs) => {
      const table = operand(inputs, 0);
      const indices = operand(inputs, 1);
      requireType(indices, 'int32', 'int64');
      return [{ type: table.type, shape: [...indices.shape, ...table.shape.slice(1)] }];
    },
    gradient: (build, node, dy) => {
      const rows = operand(node.inputs, 0).shape[0];
      if (typeof rows !== 'number')
        throw new Error('A table with a gradient needs a number of rows known now.');
      return [build.one('scatterAdd', [operand(node.inputs, 1), dy], { rows }), discrete];
    },
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Gather',
        inputs: node.inputs.map((input) => input.name),
        outputs: [operand(node.outputs, 0).name],
        attributes: { axis: 0 },
      });
    },
  },
  scatterAdd: {
    infer: (inputs, { rows }) => {
      const indices = operand(inputs, 0);
      const updates = operand(inputs, 1);
      const width = updates.shape.at(-1);
      requireType(indices, 'int32', 'int64');
      if (
        typeof width !== 'number' ||
        elementCount([...indices.shape, width]) !== elementCount(updates.shape)
      )
        throw new Error(
          `Updates ${describeShape(updates.shape)} do not fit ${describeShape(indices.shape)}.`,
        );
      return [{ type: updates.type, shape: [rows, width] }];
    },
    gradient: (build, node, dy) => [discrete, build.one('gather', [dy, operand(node.inputs, 0)], {})],
    emit: emitScatterAdd,
  },
  pick: {
    infer: (inputs) => [{ type: operand(inputs, 0).type, shape: [1] }],
    gradient: { notDifferentiable: 'it reads the layout of a batch' },
    emit: (node, emitter) => {
      const { index } = node.attributes;
      emitter.node({
        operator: 'Slice',
        inputs: [operand(node.inputs, 0).name, emitter.integers([index]), emitter.integers([index + 1])],
        outputs: [operand(node.outputs, 0).name],
      });
    },
  },
  segment: {
    infer: (inputs, { shape }) => {
      const symbols = shape.filter((dimension) => typeof dimension === 'string').length;
      if (inputs.length !== 3 + symbols)
        throw new Error(
          `A segment ${describeShape(shape)} needs ${symbols} sizes, it has ${inputs.length - 3}.`,
        );
      return [{ type: operand(inputs, 0).type, shape }];
    },
    gradient: { notDifferentiable: 'it cuts the data of a batch' },
    emit: emitSegment,
  },
};
