// Which examples make up which step: a new random order each epoch, cut into batches.
import type { Recipe } from './job.ts';
import { createKeystream, type Keystream } from './random/keystream.ts';
import { permutation } from './random/permutation.ts';

type OrderRecipe = Pick<Recipe, 'batchSize' | 'gradientAccumulation'>;

/** Steps of one epoch; the last may have fewer examples. */
export function stepsPerEpoch(exampleCount: number, recipe: OrderRecipe): number {
  return Math.ceil(exampleCount / (recipe.batchSize * recipe.gradientAccumulation));
}

/** Steps of a whole run: epochs times the steps of an epoch. */
export function totalSteps(exampleCount: number, recipe: OrderRecipe & Pick<Recipe, 'epochs'>): number {
  return recipe.epochs * stepsPerEpoch(exampleCount, recipe);
}

/** Gives the examples of any step; keeps the order of the epoch asked for last. */
export class BatchOrder {
  readonly #keystream: Keystream;
  readonly #exampleCount: number;
  readonly #recipe: OrderRecipe;
  #epoch = -1;
  #order: Int32Array = new Int32Array(0);

  constructor(exampleCount: number, recipe: OrderRecipe & Pick<Recipe, 'seeds'>) {
    this.#keystream = createKeystream(recipe.seeds.order, 'order');
    this.#exampleCount = exampleCount;
    this.#recipe = recipe;
  }

  /** Indices of the examples of step `index`, counted from 0. */
  examplesOf(index: number): Int32Array {
    const perEpoch = stepsPerEpoch(this.#exampleCount, this.#recipe);
    const epoch = Math.floor(index / perEpoch);
    if (epoch !== this.#epoch) {
      this.#order = permutation(this.#keystream, epoch, this.#exampleCount);
      this.#epoch = epoch;
    }
    const size = this.#recipe.batchSize * this.#recipe.gradientAccumulation;
    const start = (index % perEpoch) * size;
    return this.#order.subarray(start, Math.min(start + size, this.#exampleCount));
  }
}
