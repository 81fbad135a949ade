// Softmax and layer normalization.
import { operand, requireType, type GradientRule, type RulesOf } from '../rule.ts';
import { describeShape, sameShape } from '../tensor.ts';

/** Ba, Kiros and Hinton, arXiv 1607.06450; the saved mean and inverse deviation spare recomputing them. */
const layerNormalizationGradient: GradientRule<'layerNormalization'> = (build, node, dy) => {
  const x = operand(node.inputs, 0);
  const weight = operand(node.inputs, 1);
  const mean = operand(node.outputs, 1);
  const inverseDeviation = operand(node.outputs, 2);
  const normalized = build.multiply(build.subtract(x, mean), inverseDeviation);
  const weighted = build.multiply(dy, weight);
  const along = build.multiply(
    normalized,
    build.reduceMean(build.multiply(weighted, normalized), [-1], true),
  );
  const centred = build.subtract(build.subtract(weighted, build.reduceMean(weighted, [-1], true)), along);
  return [build.multiply(centred, inverseDeviation), build.multiply(dy, normalized), dy];
};

export const normalizationRules: RulesOf<'softmax' | 'layerNormalization'> = {
  softmax: {
    infer: (inputs) => {
      const x = operand(inputs, 0);
      requireType(x, 'float32');
      return [{ type: x.type, shape: x.shape }];
    },
    gradient: (build, node, dy) => {
      const y = operand(node.outputs, 0);
      const product = build.multiply(dy, y);
      return [build.subtract(product, build.multiply(y, build.reduceSum(product, [-1], true)))];
    },
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Softmax',
        inputs: [operand(node.inputs, 0).name],
        outputs: [operand(node.outputs, 0).name],
        attributes: { axis: -1 },
      });
    },
  },
  layerNormalization: {
    infer: (inputs) => {
      const x = operand(inputs, 0);
      for (const tensor of inputs) requireType(tensor, 'float32');
      for (const parameter of [operand(inputs, 1), operand(inputs, 2)])
        if (!sameShape(parameter.shape, x.shape.slice(-1)))
          throw new Error(`${describeShape(parameter.shape)} cannot normalize ${describeShape(x.shape)}.`);
      const statistics = { type: x.type, shape: [...x.shape.slice(0, -1), 1] };
      return [{ type: x.type, shape: x.shape }, statistics, statistics];
    },
    gradient: layerNormalizationGradient,
    emit: (node, emitter) => {
      emitter.node({
        operator: 'LayerNormalization',
        inputs: node.inputs.map((input) => input.name),
        outputs: node.outputs.map((output) => output.name),
        attributes: { axis: -1, epsilon: { float: node.attributes.epsilon } },
      });
    },
  },
};
