// Running a body several times, and what is needed around that.
import { emitGraph } from '../onnx-emission.ts';
import { operand, requireType, type RulesOf } from '../rule.ts';

const once = 'a loop is built around a gradient, not differentiated';

export const controlRules: RulesOf<'loop' | 'offset' | 'zeros'> = {
  loop: {
    infer: (inputs, { body, carried }) => {
      requireType(operand(inputs, 0), 'int64');
      if (body.outputs.length !== carried.length) throw new Error('A loop carries on what its body gives.');
      return body.outputs.map(({ type, shape }) => ({ type, shape }));
    },
    gradient: { notDifferentiable: once },
    emit: (node, emitter) => {
      const { body, iteration, carried } = node.attributes;
      const prefix = operand(node.outputs, 0).name;
      const inner = emitGraph(prefix, body);
      const [goOn, goOnAfter] = [`${prefix}_go_on`, `${prefix}_go_on_after`];
      const declared = (name: string) => {
        const input = inner.inputs.find((candidate) => candidate.name === name);
        if (input === undefined) throw new Error(`The body does not declare ${name}.`);
        return input;
      };
      emitter.node({
        operator: 'Loop',
        inputs: [
          operand(node.inputs, 0).name,
          '',
          ...carried.map((_, index) => operand(node.inputs, 1 + index).name),
        ],
        outputs: node.outputs.map((output) => output.name),
        attributes: {
          body: {
            graph: {
              ...inner,
              nodes: [{ operator: 'Identity', inputs: [goOn], outputs: [goOnAfter] }, ...inner.nodes],
              inputs: [
                declared(iteration),
                { name: goOn, type: 'bool', shape: [] },
                ...carried.map(declared),
              ],
              outputs: [{ name: goOnAfter, type: 'bool', shape: [] }, ...inner.outputs],
            },
          },
        },
      });
    },
  },
  offset: {
    infer: (inputs) => {
      for (const input of inputs) requireType(input, 'int64');
      return [{ type: 'int64', shape: [] }];
    },
    gradient: { notDifferentiable: 'it counts' },
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Add',
        inputs: node.inputs.map((input) => input.name),
        outputs: [operand(node.outputs, 0).name],
      });
    },
  },
  zeros: {
    infer: (_inputs, { shape }) => [{ type: 'float32', shape }],
    gradient: () => [],
    emit: (node, emitter) => {
      emitter.node({
        operator: 'ConstantOfShape',
        inputs: [emitter.integers(node.attributes.shape)],
        outputs: [operand(node.outputs, 0).name],
      });
    },
  },
};
