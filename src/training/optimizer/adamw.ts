// AdamW with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101) and clipping by the global norm, as graph nodes.
import type { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/tensor.ts';

const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** Keeps the division defined when all gradients are 0; the value is PyTorch's `clip_grad_norm_`. */
const clippingEpsilon = 1e-6;

/** float32 scalars of one step, computed outside in double precision. */
export interface StepFactors {
  /** 1 - learningRate * weightDecay. */
  readonly decay: Tensor;
  /** learningRate * sqrt(1 - beta2^t) / (1 - beta1^t). */
  readonly stepSize: Tensor;
  /** epsilon * sqrt(1 - beta2^t). */
  readonly epsilon: Tensor;
}

/**
 * The factors of step t (counted from 1). Moving both bias corrections into them spares two passes over all parameters:
 * lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + e)  =  stepSize * m / (sqrt(v) + epsilon).
 */
export function stepFactors(
  t: number,
  learningRate: number,
  weightDecay: number,
): { decay: number; stepSize: number; epsilon: number } {
  const correction = Math.sqrt(1 - adamw.beta2 ** t);
  return {
    decay: 1 - learningRate * weightDecay,
    stepSize: (learningRate * correction) / (1 - adamw.beta1 ** t),
    epsilon: adamw.epsilon * correction,
  };
}

/** The global norm of gradients, a float32 scalar. */
export function globalNorm(build: GraphBuilder, gradients: readonly Tensor[]): Tensor {
  const squares = gradients.map((gradient) => build.one('sumOfSquares', [gradient], {}));
  return build.one('sqrt', [squares.reduce((sum, square) => build.add(sum, square))], {});
}

/** min(1, largest / (norm + 1e-6)), a float32 scalar. */
export function clippingFactor(build: GraphBuilder, norm: Tensor, largest: number): Tensor {
  const ratio = build.one(
    'divide',
    [build.scalar(largest), build.add(norm, build.scalar(clippingEpsilon))],
    {},
  );
  return build.one('minimum', [ratio, build.scalar(1)], {});
}

export interface Moments {
  readonly parameter: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

/** One update of one parameter. `clipping` scales the gradient; null leaves it. */
export function adamwUpdate(
  build: GraphBuilder,
  before: Moments,
  gradient: Tensor,
  options: { factors: StepFactors; clipping: Tensor | null; decays: boolean },
): Moments {
  const { factors, clipping, decays } = options;
  const clipped = clipping === null ? gradient : build.multiply(gradient, clipping);
  const firstMoment = build.add(
    build.scale(before.firstMoment, adamw.beta1),
    build.scale(clipped, 1 - adamw.beta1),
  );
  const secondMoment = build.add(
    build.scale(before.secondMoment, adamw.beta2),
    build.scale(build.multiply(clipped, clipped), 1 - adamw.beta2),
  );
  const denominator = build.add(build.one('sqrt', [secondMoment], {}), factors.epsilon);
  const direction = build.one('divide', [firstMoment, denominator], {});
  const decayed = decays ? build.multiply(before.parameter, factors.decay) : before.parameter;
  const parameter = build.subtract(decayed, build.multiply(direction, factors.stepSize));
  return { parameter, firstMoment, secondMoment };
}
