// The recipe from which those of tests differ: AdamW, nothing switched on.
import type { Recipe } from '../../src/training/job.ts';

export const plainRecipe: Recipe = {
  epochs: 1,
  batchSize: 8,
  gradientAccumulation: 1,
  optimizer: 'adamw',
  learningRate: 1e-3,
  schedule: 'linear',
  warmupSteps: null,
  warmupRatio: 0,
  weightDecay: 0.01,
  layerDecay: null,
  gradientClipping: 1,
  dropout: 0,
  labelSmoothing: 0,
  classWeights: null,
  freeze: { embeddings: false, layers: 0 },
  lora: null,
  seeds: { head: 11, order: 11, dropout: 11 },
};
