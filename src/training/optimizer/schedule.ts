// The learning rate of each step, as the schedules of Hugging Face transformers compute it.
import type { Recipe, Schedule } from '../job.ts';

type ScheduleRecipe = Pick<Recipe, 'learningRate' | 'schedule' | 'warmupSteps' | 'warmupRatio'>;

/** Where a polynomial ends: transformers' default `lr_end`; its power is 1. */
const polynomialEnd = 1e-7;

/** The share of the highest rate after the warmup. `index`, `warmup` and `total` count steps. */
const shapes: Readonly<
  Record<Schedule, (index: number, warmup: number, total: number, highest: number) => number>
> = {
  linear: (index, warmup, total) => Math.max(0, total - index) / Math.max(1, total - warmup),
  cosine: (index, warmup, total) =>
    Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (index - warmup)) / Math.max(1, total - warmup)))),
  polynomial: (index, warmup, total, highest) => {
    // A rate below the end's own cannot fall to it.
    const end = Math.min(polynomialEnd, highest) / highest;
    if (index > total) return end;
    return (1 - end) * (1 - (index - warmup) / Math.max(1, total - warmup)) + end;
  },
  constant: () => 1,
  /** The time scale is the warmup's length, or 10,000 steps without one. */
  inverseSquareRoot: (index, warmup) => {
    const scale = warmup > 0 ? warmup : 10_000;
    return 1 / Math.sqrt((index + scale - warmup) / scale);
  },
};

/** Steps of the warmup: given, or the ratio of all steps, rounded up. */
export function warmupSteps({ warmupSteps: steps, warmupRatio }: ScheduleRecipe, total: number): number {
  return steps ?? Math.ceil(total * warmupRatio);
}

/**
 * The learning rate of a step: rises from 0 over the warmup, then follows the schedule. Without warmup the first step has
 * the full rate.
 * @param index the step counted from 0.
 * @param total steps of the whole run.
 */
export function learningRateAt(recipe: ScheduleRecipe, index: number, total: number): number {
  const warmup = warmupSteps(recipe, total);
  if (index < warmup) return (recipe.learningRate * index) / warmup;
  return recipe.learningRate * shapes[recipe.schedule](index, warmup, total, recipe.learningRate);
}
