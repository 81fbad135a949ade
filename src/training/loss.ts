// The loss of each task as graph nodes. Means, class weights and smoothing are in the targets, so that a batch computed in
// parts has the same loss as the whole one.
import type { GraphBuilder } from './graph/builder.ts';
import type { Tensor } from './graph/tensor.ts';
import type { ModelHead, Task } from './job.ts';

/** The data of a loss. */
export interface LossTargets {
  /** float32 [n, labels], the weight of each class included: see targets.ts; for masked language int32 [n]. */
  readonly targets: Tensor;
  /** float32 [n]: of each row; null where the targets hold it, see `holdsWeights`. */
  readonly weights: Tensor | null;
}

/** Whether the targets of a task hold the weights of its loss. */
export function holdsWeights(task: Task): boolean {
  return task === 'classification' || task === 'tokenClassification';
}

/** The symbol of the number of rows that have logits. */
export function rowSymbol(task: Task): string {
  return task === 'tokenClassification' ? 'rows*width' : 'picks';
}

function total(build: GraphBuilder, x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return build.reduceSum(x, axes, false);
}

function crossEntropy(build: GraphBuilder, logits: Tensor, targets: Tensor): Tensor {
  const logProbabilities = build.one('logSoftmax', [logits], {});
  return build.scale(total(build, build.multiply(targets, logProbabilities)), -1);
}

/** The weighted sum over all rows of logits [n, labels], a float32 scalar. */
export function lossOf(build: GraphBuilder, { task }: ModelHead, logits: Tensor, data: LossTargets): Tensor {
  const weights = (): Tensor => {
    if (data.weights === null) throw new Error(`The loss of ${task} needs weights.`);
    return build.reshape(data.weights, [rowSymbol(task), 1]);
  };
  switch (task) {
    case 'classification':
    case 'tokenClassification':
      return crossEntropy(build, logits, data.targets);
    case 'maskedLanguage': {
      const size = Number(logits.shape[1]);
      const all = build.one('constant', [], {
        type: 'int32',
        shape: [size],
        values: Array.from({ length: size }, (_, id) => id),
      });
      const oneHot = build.one('equality', [data.targets, all], {});
      return crossEntropy(build, logits, build.multiply(oneHot, weights()));
    }
    case 'multiLabel': {
      const losses = build.subtract(
        build.one('softplus', [logits], {}),
        build.multiply(logits, data.targets),
      );
      return total(build, build.multiply(losses, weights()));
    }
    case 'regression': {
      const difference = build.subtract(logits, data.targets);
      return total(build, build.multiply(build.multiply(difference, difference), weights()));
    }
  }
}
