// What a batch is to predict, with every weight of the loss worked in, so that the graph only adds up.
import { noTarget, type Example } from '../text/example-table.ts';
import type { Batch } from './batch.ts';
import type { ModelHead, Recipe } from './job.ts';
import { firstSlot } from './packing.ts';

export interface BatchTargets {
  /** `[n, labels]`; for masked language `[n]`, ids. */
  readonly targets: Float32Array | Int32Array;
  /** `[n]`: of each row; 1 where the targets hold the weights. */
  readonly weights: Float32Array;
}

type TargetRecipe = Pick<Recipe, 'labelSmoothing' | 'classWeights'>;

/** Targets of a task whose targets are numbers: the examples hold the bits of float32. */
export function asFloats({ targets }: Pick<Example, 'targets'>): Float32Array {
  return new Float32Array(targets.buffer, targets.byteOffset, targets.length);
}

/** What the losses of a step are divided by: the number of values, or the sum of their class weights. */
export function lossDenominator(
  examples: readonly Example[],
  { task, labelCount }: ModelHead,
  { classWeights }: TargetRecipe,
): number {
  if (task === 'regression' || task === 'multiLabel') return examples.length * labelCount;
  let sum = 0;
  for (const { targets } of examples)
    for (const target of targets)
      if (target !== noTarget) sum += task === 'maskedLanguage' ? 1 : (classWeights?.[target] ?? 1);
  // A step without anything to predict has the loss 0.
  return sum === 0 ? 1 : sum;
}

/**
 * Targets of rows with one class each, as `torch.nn.functional.cross_entropy` with `weight`, `label_smoothing` and the
 * reduction to the mean: ((1 - s) w[y] at y, and s / classes * w[c] at each c) / the sum of all w[y] of the step.
 * @param classes of each row; `noTarget` leaves a row out.
 */
function classTargets(
  classes: Int32Array,
  labelCount: number,
  { labelSmoothing, classWeights }: TargetRecipe,
  denominator: number,
): BatchTargets {
  const weightOf = (label: number): number => (classWeights?.[label] ?? 1) / denominator;
  const targets = new Float32Array(classes.length * labelCount);
  classes.forEach((label, row) => {
    if (label === noTarget) return;
    const spread = (other: number): number => (labelSmoothing / labelCount) * weightOf(other);
    for (let other = 0; labelSmoothing > 0 && other < labelCount; other++)
      targets[row * labelCount + other] = spread(other);
    targets[row * labelCount + label] = (1 - labelSmoothing) * weightOf(label) + spread(label);
  });
  return { targets, weights: new Float32Array(classes.length).fill(1) };
}

/** The label of every slot of a packed batch. */
function slotClasses({ examples, packing }: Batch): Int32Array {
  const classes = new Int32Array(packing.rows * packing.width).fill(noTarget);
  examples.forEach(({ targets }, sequence) => {
    classes.set(targets, firstSlot(packing, sequence));
  });
  return classes;
}

/**
 * The targets of a part of a step. Every loss is the mean over the whole step, as PyTorch's losses are by default.
 * @param denominator of the whole step.
 */
export function batchTargets(
  batch: Batch,
  { task, labelCount }: ModelHead,
  recipe: TargetRecipe,
  denominator: number,
): BatchTargets {
  const { examples } = batch;
  switch (task) {
    case 'classification':
      return classTargets(
        Int32Array.from(examples, ({ targets }) => targets[0] ?? noTarget),
        labelCount,
        recipe,
        denominator,
      );
    case 'tokenClassification':
      return classTargets(slotClasses(batch), labelCount, recipe, denominator);
    case 'regression':
    case 'multiLabel': {
      const targets = new Float32Array(examples.length * labelCount);
      examples.forEach((example, row) =>
        targets.set(asFloats(example).subarray(0, labelCount), row * labelCount),
      );
      return { targets, weights: new Float32Array(examples.length).fill(1 / denominator) };
    }
    case 'maskedLanguage': {
      const targets = Int32Array.from(
        examples.flatMap((example) => [...example.targets].filter((target) => target !== noTarget)),
      );
      return { targets, weights: new Float32Array(targets.length).fill(1 / denominator) };
    }
  }
}
