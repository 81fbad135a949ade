// Reverse-mode differentiation: walks a graph backwards and asks each operator's rule for its gradient.
import type { GraphBuilder } from './builder.ts';
import type { OperatorKind } from './operators.ts';
import { discrete, operand, type Rule } from './rule.ts';
import { operatorRules } from './rules.ts';
import { describeShape, sameShape, type GraphNode, type Tensor } from './tensor.ts';

/** Sums a gradient over the axes along which its tensor was repeated by broadcasting. */
function undoBroadcast(build: GraphBuilder, gradient: Tensor, target: Tensor): Tensor {
  if (sameShape(gradient.shape, target.shape)) return gradient;
  const added = gradient.shape.length - target.shape.length;
  const axes = gradient.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < added || (target.shape[axis - added] === 1 && gradient.shape[axis] !== 1));
  const summed = axes.length === 0 ? gradient : build.reduceSum(gradient, axes, false);
  const fitted = sameShape(summed.shape, target.shape) ? summed : build.reshape(summed, target.shape);
  return fitted;
}

function gradientsOf(
  build: GraphBuilder,
  node: GraphNode,
  all: readonly (Tensor | undefined)[],
): readonly (Tensor | typeof discrete)[] {
  // Rule and node are of one kind by construction; the compiler cannot follow that through a union.
  const { gradient, ofSeveralOutputs } = operatorRules[node.kind] as Rule<OperatorKind>;
  const [dy, ...others] = all;
  if (dy === undefined || (!ofSeveralOutputs && others.some((other) => other !== undefined)))
    throw new Error(`Only the first output of ${node.kind} has a gradient.`);
  if (typeof gradient !== 'function')
    throw new Error(`Cannot differentiate through ${node.kind}: ${gradient.notDifferentiable}.`);
  const gradients = gradient(build, node, dy, all);
  if (gradients.length !== node.inputs.length)
    throw new Error(
      `The rule of ${node.kind} gives ${gradients.length} gradients for ${node.inputs.length} inputs.`,
    );
  return gradients;
}

/**
 * The gradient of a scalar with respect to each tensor.
 * @param build holds the forward nodes; the backward nodes are added to it.
 * @returns one gradient a tensor, of its shape
 * @throws Error when the value is not a scalar, does not depend on a tensor, or depends on it through an operator
 * without a gradient or through an output that has none
 */
export function differentiate(
  build: GraphBuilder,
  value: Tensor,
  withRespectTo: readonly Tensor[],
): Tensor[] {
  if (value.shape.length !== 0)
    throw new Error(`Only a scalar can be differentiated, not ${describeShape(value.shape)}.`);
  const forward = [...build.history];
  const varying = new Set(withRespectTo.map((tensor) => tensor.name));
  for (const node of forward)
    if (node.inputs.some((input) => varying.has(input.name)))
      for (const output of node.outputs) varying.add(output.name);

  const gradients = new Map<string, Tensor>([[value.name, build.scalar(1)]]);
  for (const node of forward.toReversed()) {
    // What nothing varying goes into is a leaf or data: the walk ends there.
    if (!node.inputs.some((input) => varying.has(input.name))) continue;
    const all = node.outputs.map((output) => gradients.get(output.name));
    if (all.every((gradient) => gradient === undefined)) continue;
    gradientsOf(build, node, all).forEach((gradient, index) => {
      const input = operand(node.inputs, index);
      if (!varying.has(input.name)) return;
      if (gradient === discrete)
        throw new Error(`${node.kind} has no gradient for its input ${index}, which varies.`);
      const fitted = undoBroadcast(build, gradient, input);
      const known = gradients.get(input.name);
      gradients.set(input.name, known === undefined ? fitted : build.add(known, fitted));
    });
  }
  return withRespectTo.map((tensor) => {
    const gradient = gradients.get(tensor.name);
    if (gradient === undefined) throw new Error(`${value.name} does not depend on ${tensor.name}.`);
    return gradient;
  });
}
