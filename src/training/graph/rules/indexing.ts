// Cutting the values of one step out of arrays that hold several.
import { operand, requireType, type Emitter, type RulesOf } from '../rule.ts';
import { describeShape, type NodeOf } from '../tensor.ts';

function emitSegment(node: NodeOf<'segment'>, emitter: Emitter): void {
  const [flat, start, end, ...sizes] = node.inputs.map((input) => input.name);
  if (flat === undefined || start === undefined || end === undefined) return;
  const cut = emitter.fresh('cut');
  const shape = emitter.fresh('shape');
  const pending = [...sizes];
  const parts = node.attributes.shape.map((dimension) =>
    typeof dimension === 'number'
      ? emitter.integers([dimension])
      : (pending.shift() ?? emitter.integers([-1])),
  );
  emitter.node({ operator: 'Slice', inputs: [flat, start, end], outputs: [cut] });
  emitter.node({ operator: 'Concat', inputs: parts, outputs: [shape], attributes: { axis: 0 } });
  emitter.node({ operator: 'Reshape', inputs: [cut, shape], outputs: [operand(node.outputs, 0).name] });
}

export const indexingRules: RulesOf<'row' | 'pick' | 'segment'> = {
  row: {
    infer: (inputs) => {
      const array = operand(inputs, 0);
      requireType(operand(inputs, 1), 'int64');
      return [{ type: array.type, shape: array.shape.slice(1) }];
    },
    gradient: { notDifferentiable: 'it reads the data of a step' },
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Gather',
        inputs: node.inputs.map((input) => input.name),
        outputs: [operand(node.outputs, 0).name],
        attributes: { axis: 0 },
      });
    },
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
      if (inputs.length !== 3 + symbols && !(inputs.length === 3 && symbols === 1))
        throw new Error(
          `A segment ${describeShape(shape)} needs ${symbols} sizes, it has ${inputs.length - 3}.`,
        );
      return [{ type: operand(inputs, 0).type, shape }];
    },
    gradient: { notDifferentiable: 'it cuts the data of a batch' },
    emit: emitSegment,
  },
};
