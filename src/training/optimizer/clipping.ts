// Clipping by the global norm, as graph nodes.
import type { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/tensor.ts';

/** Keeps the division defined when all gradients are 0; the value is PyTorch's `clip_grad_norm_`. */
const clippingEpsilon = 1e-6;

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
