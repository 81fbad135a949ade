// Softmax and layer normalization.
import type { OperatorKind } from '../operators.ts';
import { operand, requireType, type Emitter, type GradientRule, type RulesOf } from '../rule.ts';
import { describeShape, sameShape, type NodeOf, type Tensor, type TensorType } from '../tensor.ts';

/**
 * Ba, Kiros and Hinton, arXiv 1607.06450. The means along a row are products with the weight divided by the width, so that
 * they read the gradient without writing a weighted copy of it first.
 */
const layerNormalizationGradient: GradientRule<'layerNormalization'> = (build, node, dy) => {
  const x = operand(node.inputs, 0);
  const weight = operand(node.inputs, 1);
  const mean = operand(node.outputs, 1);
  const inverseDeviation = operand(node.outputs, 2);
  const width = Number(weight.shape[0]);
  const column = build.reshape(weight, [width, 1]);
  const rowMean = (tensor: Tensor): Tensor => build.matmul(tensor, column, { alpha: 1 / width });
  const normalized = build.multiply(build.subtract(x, mean), inverseDeviation);
  const alongWeight = build.multiply(dy, normalized);
  const centred = build.subtract(build.multiply(dy, weight), rowMean(dy));
  const projected = build.subtract(centred, build.multiply(normalized, rowMean(alongWeight)));
  return [
    build.multiply(projected, inverseDeviation),
    build.one('columnSum', [alongWeight], {}),
    build.one('columnSum', [dy], {}),
  ];
};

function inferRows(inputs: readonly Tensor[]): TensorType[] {
  const x = operand(inputs, 0);
  requireType(x, 'float32');
  return [{ type: x.type, shape: x.shape }];
}

function emitOverLastAxis(operator: string) {
  return (node: NodeOf<OperatorKind>, emitter: Emitter): void => {
    emitter.node({
      operator,
      inputs: [operand(node.inputs, 0).name],
      outputs: [operand(node.outputs, 0).name],
      attributes: { axis: -1 },
    });
  };
}

export const normalizationRules: RulesOf<'softmax' | 'logSoftmax' | 'layerNormalization'> = {
  softmax: {
    infer: inferRows,
    gradient: (build, node, dy) => {
      const y = operand(node.outputs, 0);
      const product = build.multiply(dy, y);
      return [build.subtract(product, build.multiply(y, build.reduceSum(product, [-1], true)))];
    },
    emit: emitOverLastAxis('Softmax'),
  },
  logSoftmax: {
    infer: inferRows,
    gradient: (build, node, dy) => {
      const probabilities = build.one('exp', [operand(node.outputs, 0)], {});
      return [build.subtract(dy, build.multiply(probabilities, build.reduceSum(dy, [-1], true)))];
    },
    emit: emitOverLastAxis('LogSoftmax'),
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
