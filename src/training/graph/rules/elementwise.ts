// Operators that work element by element.
import type { OperatorKind } from '../operators.ts';
import { operand, requireType, type Emitter, type GradientRule, type Rule, type RulesOf } from '../rule.ts';
import { broadcastShapes, type NodeOf, type Tensor } from '../tensor.ts';

type Binary = 'add' | 'subtract' | 'multiply' | 'divide';
type Unary = 'sqrt' | 'exp' | 'erf' | 'tanh' | 'gelu';

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

/** d/dx (x Phi(x)) = Phi(x) + x phi(x). */
const geluGradient: GradientRule<'gelu'> = (build, node, dy) => {
  const x = operand(node.inputs, 0);
  const halfErf = build.scale(build.one('erf', [build.scale(x, Math.SQRT1_2)], {}), 0.5);
  const distribution = build.add(halfErf, build.scalar(0.5));
  const exponent = build.scale(build.multiply(x, x), -0.5);
  const density = build.scale(build.one('exp', [exponent], {}), 1 / Math.sqrt(2 * Math.PI));
  return [build.multiply(dy, build.add(distribution, build.multiply(x, density)))];
};

export const elementwiseRules: RulesOf<Binary | Unary | 'minimum' | 'cast'> = {
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
