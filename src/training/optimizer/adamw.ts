// AdamW with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101).
import type { Tensor } from '../graph/tensor.ts';
import type { Optimizer } from './optimizer.ts';

const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

function one(tensors: readonly Tensor[], index: number): Tensor {
  const tensor = tensors[index];
  if (tensor === undefined) throw new Error(`AdamW lacks its value ${index}.`);
  return tensor;
}

/** The second moment is kept in units in which the square of (1 - b1) g adds to it as it is: v (1 - b1)^2 / (1 - b2). */
const rootOfUnit = (1 - constants.beta1) / Math.sqrt(1 - constants.beta2);

/**
 * Moving both bias corrections and the unit of v into the factors spares passes over all parameters:
 * lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + e)  =  stepSize * m / (sqrt(v in its unit) + epsilon).
 */
export const adamw: Optimizer = {
  moments: 2,
  factorCount: 3,
  /** 1 - lr * decay; lr * sqrt(1 - b2^t) / (1 - b1^t) and e * sqrt(1 - b2^t), both times `rootOfUnit`. */
  factors(step, learningRate, weightDecay) {
    const correction = rootOfUnit * Math.sqrt(1 - constants.beta2 ** step);
    return [
      1 - learningRate * weightDecay,
      (learningRate * correction) / (1 - constants.beta1 ** step),
      constants.epsilon * correction,
    ];
  },
  decayUnused: ({ scale }, learningRate, weightDecay) => ({
    scale: scale * (1 - learningRate * weightDecay),
    momentum: 0,
  }),
  update(build, { parameter, moments }, gradient, { factors, clipping, decays }) {
    // (1 - b1) g, clipped: both moments are made from it.
    const share =
      clipping === null
        ? build.scale(gradient, 1 - constants.beta1)
        : build.multiply(gradient, build.scale(clipping, 1 - constants.beta1));
    const first = build.add(build.scale(one(moments, 0), constants.beta1), share);
    const second = build.add(build.scale(one(moments, 1), constants.beta2), build.multiply(share, share));
    const denominator = build.add(build.one('sqrt', [second], {}), one(factors, 2));
    const direction = build.one('divide', [first, denominator], {});
    const decayed = decays ? build.multiply(parameter, one(factors, 0)) : parameter;
    const after = build.subtract(decayed, build.multiply(direction, one(factors, 1)));
    return { parameter: after, moments: [first, second] };
  },
};
