// Which examples make up which step: a new random order each epoch, cut into batches.
import type { Recipe } from './job.ts';
import { createKeystream, type Keystream } from './random/keystream.ts';
import { permutation } from './random/permutation.ts';

/** Steps of one epoch; the last may be a short batch. */
function stepsPerEpoch(exampleCount: number, batchSize: number): number {
  return Math.ceil(exampleCount / batchSize);
}

/** Steps of a whole run: epochs times the batches of an epoch. */
export function totalSteps(exampleCount: number, recipe: Pick<Recipe, 'epochs' | 'batchSize'>): number {
  return recipe.epochs * stepsPerEpoch(exampleCount, recipe.batchSize);
}

/** Gives the examples of any step; keeps the order of the epoch asked for last. */
export class BatchOrder {
  private readonly keystream: Keystream;
  private readonly exampleCount: number;
  private readonly batchSize: number;
  private epoch = -1;
  private order: Int32Array = new Int32Array(0);

  constructor(exampleCount: number, recipe: Pick<Recipe, 'batchSize' | 'seed'>) {
    this.keystream = createKeystream(recipe.seed, 'order');
    this.exampleCount = exampleCount;
    this.batchSize = recipe.batchSize;
  }

  /** Indices of the examples of step `index`, counted from 0. */
  examplesOf(index: number): Int32Array {
    const perEpoch = stepsPerEpoch(this.exampleCount, this.batchSize);
    const epoch = Math.floor(index / perEpoch);
    if (epoch !== this.epoch) {
      this.order = permutation(this.keystream, epoch, this.exampleCount);
      this.epoch = epoch;
    }
    const start = (index % perEpoch) * this.batchSize;
    return this.order.subarray(start, Math.min(start + this.batchSize, this.exampleCount));
  }
}
