// What an optimizer is to the training graph: numbers computed outside for each step, and an update of one slot.
import type { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Recipe, UnusedWords } from '../job.ts';
import { adamw } from './adamw.ts';
import { sgd } from './sgd.ts';

/** The state of a slot within a step. */
export interface SlotState {
  readonly parameter: Tensor;
  readonly moments: readonly Tensor[];
}

interface UpdateOptions {
  /** The numbers of `factors`, as tensors of one element. */
  readonly factors: readonly Tensor[];
  /** Scales the gradient; null leaves it. */
  readonly clipping: Tensor | null;
  readonly decays: boolean;
}

export interface Optimizer {
  /** How many moments a parameter has: 2 or 1. */
  readonly moments: number;
  /** Computed in double precision. @param step counted from 1 */
  factors(step: number, learningRate: number, weightDecay: number): readonly number[];
  readonly factorCount: number;
  /** A step of a word that is not in use, and so has no gradient but its decay. */
  decayUnused(before: UnusedWords, learningRate: number, weightDecay: number): UnusedWords;
  update(build: GraphBuilder, before: SlotState, gradient: Tensor, options: UpdateOptions): SlotState;
}

export const optimizers: Readonly<Record<Recipe['optimizer'], Optimizer>> = { adamw, sgd };
