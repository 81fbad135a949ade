// Operators that work element by element.
import type { OperatorKind } from '../operators.ts';
import {
  discrete,
  operand,
  requireType,
  type Emitter,
  type GradientRule,
  type Rule,
  type RulesOf,
} from '../rule.ts';
import { broadcastShapes, sameShape, type NodeOf, type Tensor } from '../tensor.ts';

type Binary = 'add' | 'subtract' | 'multiply' | 'divide';
type Unary = 'sqrt' | 'exp' | 'erf' | 'tanh' | 'gelu' | 'softplus' | 'sigmoid' | 'relu' | 'sign';

function emitAs(operator: string, domain = '') {
  return (node: NodeOf<OperatorKind>, emitter: Emitter): void => {
    emitter.node({
      operator,
      domain,
      inputs: node.inputs.map((input) => input.name),
      outputs: node.outputs.map((output) => output.name),
    });
  };
}

function inferBinary(inputs: readonly Tensor[]) {
  const left = operand(inputs, 0);
  const right = operand(inputs, 1);
  requireType(left, 'float32');
  requireType(right, 'float32');
  return [{ type: left.type, shape: broadcastShapes(left.shape, right.shape) }];
}

function binary<Kind extends Binary>(operator: string, gradient: GradientRule<Kind>): Rule<Kind> {
  return { infer: inferBinary, gradient, emit: emitAs(operator) };
}

function unary<Kind extends Unary>(operator: string, gradient: GradientRule<Kind>, domain = ''): Rule<Kind> {
  return {
    infer: (inputs) => {
      const x = operand(inputs, 0);
      requireType(x, 'float32');
      return [{ type: x.type, shape: x.shape }];
    },
    gradient,
    emit: emitAs(operator, domain),
  };
}

/**
 * d/dx (x Phi(x)) = Phi(x) + x phi(x). With t = x / sqrt(2) that is (1 + erf(t) + 2 t exp(-t^2) / sqrt(pi)) / 2, which takes
 * the fewest passes over memory. Dividing by exp(t^2) is exact enough and right also where that overflows.
 */
const geluGradient: GradientRule<'gelu'> = (build, node, dy) => {
  const t = build.scale(operand(node.inputs, 0), Math.SQRT1_2);
  const decay = build.one('exp', [build.multiply(t, t)], {});
  const bump = build.scale(build.one('divide', [t, decay], {}), 2 / Math.sqrt(Math.PI));
  const slope = build.add(build.add(build.one('erf', [t], {}), bump), build.scalar(1));
  return [build.multiply(dy, build.scale(slope, 0.5))];
};

/**
 * The mask becomes float32 and scaled in one pass. The gradient's mask has a zero point, which changes nothing but that
 * onnxruntime does not take both for one and keep four bytes an element from the forward to the backward pass.
 */
function emitDropout(node: NodeOf<'dropout'>, emitter: Emitter): void {
  const { scale, backward } = node.attributes;
  const factor = emitter.fresh('mask_scale');
  const kept = emitter.fresh('kept');
  emitter.initializer({ name: factor, type: 'float32', shape: [], values: [scale] });
  const zeroPoint = backward ? [emitter.fresh('zero_point')] : [];
  for (const name of zeroPoint) emitter.initializer({ name, type: 'uint8', shape: [], values: [0] });
  emitter.node({
    operator: 'DequantizeLinear',
    inputs: [operand(node.inputs, 1).name, factor, ...zeroPoint],
    outputs: [kept],
  });
  emitter.node({
    operator: 'Mul',
    inputs: [operand(node.inputs, 0).name, kept],
    outputs: [operand(node.outputs, 0).name],
  });
}

export const elementwiseRules: RulesOf<Binary | Unary | 'minimum' | 'cast' | 'dropout'> = {
  add: binary('Add', (_build, _node, dy) => [dy, dy]),
  subtract: binary('Sub', (build, _node, dy) => [dy, build.scale(dy, -1)]),
  multiply: binary('Mul', (build, node, dy) => [
    build.multiply(dy, operand(node.inputs, 1)),
    build.multiply(dy, operand(node.inputs, 0)),
  ]),
  divide: binary('Div', (build, node, dy) => {
    const right = operand(node.inputs, 1);
    const quotient = build.one('divide', [dy, right], {});
    return [quotient, build.scale(build.multiply(quotient, operand(node.outputs, 0)), -1)];
  }),
  minimum: {
    infer: inferBinary,
    gradient: { notDifferentiable: 'only the clipping factor uses it, after differentiation' },
    emit: emitAs('Min'),
  },
  sqrt: unary('Sqrt', (build, node, dy) => [
    build.scale(build.one('divide', [dy, operand(node.outputs, 0)], {}), 0.5),
  ]),
  exp: unary('Exp', (build, node, dy) => [build.multiply(dy, operand(node.outputs, 0))]),
  erf: unary('Erf', (build, node, dy) => {
    const x = operand(node.inputs, 0);
    const slope = build.one('exp', [build.scale(build.multiply(x, x), -1)], {});
    return [build.scale(build.multiply(dy, slope), 2 / Math.sqrt(Math.PI))];
  }),
  tanh: unary('Tanh', (build, node, dy) => {
    const y = operand(node.outputs, 0);
    return [build.subtract(dy, build.multiply(dy, build.multiply(y, y)))];
  }),
  gelu: unary('Gelu', geluGradient, 'com.microsoft'),
  softplus: unary('Softplus', (build, node, dy) => [
    build.multiply(dy, build.one('sigmoid', [operand(node.inputs, 0)], {})),
  ]),
  sigmoid: unary('Sigmoid', (build, node, dy) => {
    const y = operand(node.outputs, 0);
    return [build.multiply(dy, build.subtract(y, build.multiply(y, y)))];
  }),
  relu: unary('Relu', (build, node, dy) => [
    build.multiply(dy, build.one('sign', [operand(node.outputs, 0)], {})),
  ]),
  sign: unary('Sign', (build, _node, dy) => [build.scale(dy, 0)]),
  dropout: {
    infer: (inputs) => {
      const [x, mask] = [operand(inputs, 0), operand(inputs, 1)];
      requireType(x, 'float32');
      requireType(mask, 'uint8');
      if (!sameShape(x.shape, mask.shape)) throw new Error('A mask has another shape than what it is for.');
      return [{ type: 'float32', shape: x.shape }];
    },
    gradient: (build, node, dy) => {
      const { scale } = node.attributes;
      return [build.one('dropout', [dy, operand(node.inputs, 1)], { scale, backward: true }), discrete];
    },
    emit: emitDropout,
  },
  cast: {
    infer: (inputs, { type }) => [{ type, shape: operand(inputs, 0).shape }],
    gradient: { notDifferentiable: 'the element types of both sides differ' },
    emit: (node, emitter) => {
      emitter.node({
        operator: 'Cast',
        inputs: [operand(node.inputs, 0).name],
        outputs: [operand(node.outputs, 0).name],
        attributes: { to: { elementType: node.attributes.type } },
      });
    },
  },
};
