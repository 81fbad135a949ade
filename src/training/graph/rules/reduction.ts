// Sums and means over axes.
import type { GraphBuilder } from '../builder.ts';
import { operand, requireType, type GradientRule, type Rule, type RulesOf } from '../rule.ts';
import type { NodeOf, Shape, Tensor } from '../tensor.ts';

type Reduction = 'reduceSum' | 'reduceMean';

function isReduced(axes: readonly number[], axis: number, rank: number): boolean {
  return axes.includes(axis) || axes.includes(axis - rank);
}

function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  const rank = shape.length;
  if (keep) return shape.map((dimension, axis) => (isReduced(axes, axis, rank) ? 1 : dimension));
  return shape.filter((_, axis) => !isReduced(axes, axis, rank));
}

/** The output's gradient with the reduced axes put back as 1 and repeated along them. */
function widen(build: GraphBuilder, node: NodeOf<Reduction>, dy: Tensor): Tensor {
  const x = operand(node.inputs, 0);
  const kept = build.reshape(dy, reducedShape(x.shape, node.attributes.axes, true));
  return build.one('expandLike', [kept, x], {});
}

function reduction(operator: string, gradient: GradientRule<Reduction>): Rule<Reduction> {
  return {
    infer: (inputs, { axes, keep }) => {
      const x = operand(inputs, 0);
      requireType(x, 'float32');
      return [{ type: x.type, shape: reducedShape(x.shape, axes, keep) }];
    },
    gradient,
    emit: (node, emitter) => {
      emitter.node({
        operator,
        inputs: [operand(node.inputs, 0).name, emitter.integers(node.attributes.axes)],
        outputs: [operand(node.outputs, 0).name],
        attributes: { keepdims: node.attributes.keep ? 1 : 0 },
      });
    },
  };
}

export const reductionRules: RulesOf<Reduction | 'sumOfSquares'> = {
  reduceSum: reduction('ReduceSum', (build, node, dy) => [widen(build, node, dy)]),
  reduceMean: reduction('ReduceMean', (build, node, dy) => {
    const ones = build.one('expandLike', [build.scalar(1), operand(node.inputs, 0)], {});
    const count = build.reduceSum(ones, node.attributes.axes, true);
    return [build.one('divide', [widen(build, node, dy), count], {})];
  }),
  sumOfSquares: {
    infer: (inputs) => {
      requireType(operand(inputs, 0), 'float32');
      return [{ type: 'float32', shape: [] }];
    },
    gradient: (build, node, dy) => [build.multiply(build.scale(operand(node.inputs, 0), 2), dy)],
    emit: (node, emitter) => {
      emitter.node({
        operator: 'ReduceSumSquare',
        inputs: [operand(node.inputs, 0).name],
        outputs: [operand(node.outputs, 0).name],
        attributes: { keepdims: 0 },
      });
    },
  },
};
