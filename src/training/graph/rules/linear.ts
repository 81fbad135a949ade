// Matrix products.
import type { GraphBuilder } from '../builder.ts';
import type { OperatorAttributes } from '../operators.ts';
import { operand, requireType, type GradientRule, type RulesOf } from '../rule.ts';
import { describeShape, elementCount, sameShape, type Dimension, type Tensor } from '../tensor.ts';

function lastTwo(tensor: Tensor, transposed: boolean): [Dimension, Dimension] {
  const rows = tensor.shape.at(-2);
  const columns = tensor.shape.at(-1);
  if (rows === undefined || columns === undefined)
    throw new Error(`matmul needs matrices, ${tensor.name} is ${describeShape(tensor.shape)}.`);
  return transposed ? [columns, rows] : [rows, columns];
}

function infer(inputs: readonly Tensor[], attributes: OperatorAttributes['matmul']) {
  const left = operand(inputs, 0);
  const right = operand(inputs, 1);
  requireType(left, 'float32');
  requireType(right, 'float32');
  const [rows, inner] = lastTwo(left, attributes.transposeA);
  const [innerRight, columns] = lastTwo(right, attributes.transposeB);
  const leading = left.shape.slice(0, -2);
  const isMatrix = right.shape.length === 2 && (leading.length === 0 || !attributes.transposeA);
  if (inner !== innerRight || !(isMatrix || sameShape(leading, right.shape.slice(0, -2))))
    throw new Error(
      `matmul of ${describeShape(left.shape)} and ${describeShape(right.shape)} does not fit ${JSON.stringify(attributes)}.`,
    );
  return [{ type: left.type, shape: [...leading, rows, columns] }];
}

/** [..., columns] as a matrix [the product of the leading sizes, columns]. */
function asMatrix(build: GraphBuilder, tensor: Tensor): Tensor {
  const columns = tensor.shape.at(-1);
  if (tensor.shape.length === 2 || columns === undefined) return tensor;
  return build.reshape(tensor, [elementCount(tensor.shape.slice(0, -1)), columns]);
}

const gradient: GradientRule<'matmul'> = (build, node, dy) => {
  const { transposeA, transposeB, alpha } = node.attributes;
  const left = operand(node.inputs, 0);
  const right = operand(node.inputs, 1);
  const dLeft = transposeA
    ? build.matmul(right, dy, { transposeA: transposeB, transposeB: true, alpha })
    : build.matmul(dy, right, { transposeB: !transposeB, alpha });
  // A right matrix serves all leading axes of the left side, so its gradient is one product over all of their rows.
  const shared = right.shape.length === 2;
  const rows = shared ? asMatrix(build, left) : left;
  const dRows = shared ? asMatrix(build, dy) : dy;
  const dRight = transposeB
    ? build.matmul(dRows, rows, { transposeA: true, transposeB: transposeA, alpha })
    : build.matmul(rows, dRows, { transposeA: !transposeA, alpha });
  return [dLeft, dRight];
};

export const linearRules: RulesOf<'matmul' | 'linear'> = {
  linear: {
    infer: (inputs) => {
      const [x, weight, bias] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
      for (const tensor of inputs) requireType(tensor, 'float32');
      const [count, width] = x.shape;
      const [outputs, inner] = weight.shape;
      if (
        x.shape.length !== 2 ||
        count === undefined ||
        outputs === undefined ||
        inner !== width ||
        !sameShape(bias.shape, [outputs])
      )
        throw new Error(
          `linear of ${describeShape(x.shape)} and ${describeShape(weight.shape)} does not fit.`,
        );
      return [{ type: x.type, shape: [count, outputs] }];
    },
    gradient: (build, node, dy) => [
      build.matmul(dy, operand(node.inputs, 1)),
      build.matmul(dy, operand(node.inputs, 0), { transposeA: true }),
      build.one('columnSum', [dy], {}),
    ],
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Gemm',
        inputs: node.inputs.map((input) => input.name),
        outputs: [operand(node.outputs, 0).name],
        attributes: { transB: 1 },
      });
    },
  },
  matmul: {
    infer,
    gradient,
    emit: (node, emitter) => {
      emitter.node({
        operator: 'FusedMatMul',
        domain: 'com.microsoft',
        inputs: node.inputs.map((input) => input.name),
        outputs: [operand(node.outputs, 0).name],
        attributes: {
          transA: node.attributes.transposeA ? 1 : 0,
          transB: node.attributes.transposeB ? 1 : 0,
          alpha: { float: node.attributes.alpha },
        },
      });
    },
  },
};
