// The loss of classification, and the label coding that its gradient needs.
import { discrete, operand, requireType, type RulesOf } from '../rule.ts';
import { describeShape } from '../tensor.ts';

export const lossRules: RulesOf<'softmaxCrossEntropy' | 'oneHot'> = {
  softmaxCrossEntropy: {
    infer: (inputs) => {
      const logits = operand(inputs, 0);
      const labels = operand(inputs, 1);
      requireType(logits, 'float32');
      requireType(labels, 'int32');
      const [count] = logits.shape;
      if (
        logits.shape.length !== 2 ||
        labels.shape.length !== 1 ||
        count === undefined ||
        labels.shape[0] !== count
      )
        throw new Error(
          `Logits ${describeShape(logits.shape)} and labels ${describeShape(labels.shape)} do not fit.`,
        );
      return [
        { type: logits.type, shape: [count] },
        { type: logits.type, shape: logits.shape },
      ];
    },
    gradient: (build, node, dy) => {
      const logits = operand(node.inputs, 0);
      const labels = operand(node.inputs, 1);
      const [count, classes] = logits.shape;
      if (count === undefined || typeof classes !== 'number')
        throw new Error('The number of classes must be known when the graph is built.');
      const probabilities = build.one('exp', [operand(node.outputs, 1)], {});
      const difference = build.subtract(probabilities, build.one('oneHot', [labels], { classes }));
      return [build.multiply(difference, build.reshape(dy, [count, 1])), discrete];
    },
    emit: (node, emitter) => {
      emitter.node({
        operator: 'SoftmaxCrossEntropyLoss',
        inputs: node.inputs.map((input) => input.name),
        outputs: node.outputs.map((output) => output.name),
        attributes: { reduction: { text: 'none' } },
      });
    },
  },
  oneHot: {
    infer: (inputs, { classes }) => {
      const labels = operand(inputs, 0);
      requireType(labels, 'int32');
      return [{ type: 'float32', shape: [...labels.shape, classes] }];
    },
    gradient: { notDifferentiable: 'labels are not real numbers' },
    emit: (node, emitter) => {
      const column = emitter.fresh('labels_column');
      const equal = emitter.fresh('is_label');
      const classes = emitter.fresh('classes');
      emitter.initializer({
        name: classes,
        type: 'int32',
        shape: [node.attributes.classes],
        values: Array.from({ length: node.attributes.classes }, (_, index) => index),
      });
      emitter.node({
        operator: 'Unsqueeze',
        inputs: [operand(node.inputs, 0).name, emitter.integers([-1])],
        outputs: [column],
      });
      emitter.node({ operator: 'Equal', inputs: [column, classes], outputs: [equal] });
      emitter.node({
        operator: 'Cast',
        inputs: [equal],
        outputs: [operand(node.outputs, 0).name],
        attributes: { to: { elementType: 'float32' } },
      });
    },
  },
};
