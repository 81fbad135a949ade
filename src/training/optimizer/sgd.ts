// Stochastic gradient descent with momentum, as torch.optim.SGD: the decay is part of the gradient, the momentum undamped
// (Sutskever et al., ICML 2013, in the form of Polyak's heavy ball).
import type { Optimizer } from './optimizer.ts';

const momentum = 0.9;

export const sgd: Optimizer = {
  moments: 1,
  factorCount: 2,
  factors: (_step, learningRate, weightDecay) => [learningRate, weightDecay],
  decayUnused(before, learningRate, weightDecay) {
    const after = momentum * before.momentum + weightDecay * before.scale;
    return { scale: before.scale - learningRate * after, momentum: after };
  },
  update(build, { parameter, moments: [before] }, gradient, { factors: [rate, decay], clipping, decays }) {
    if (before === undefined || rate === undefined || decay === undefined)
      throw new Error('SGD lacks its momentum or its factors.');
    const clipped = clipping === null ? gradient : build.multiply(gradient, clipping);
    const whole = decays ? build.add(clipped, build.multiply(parameter, decay)) : clipped;
    const after = build.add(build.scale(before, momentum), whole);
    return { parameter: build.subtract(parameter, build.multiply(after, rate)), moments: [after] };
  },
};
