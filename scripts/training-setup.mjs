// What the scripts that train have in common: sizes of models without weights, the recipe of the peer, sizes of a batch.
import { layoutColumn } from '../dist/src/training/step-layout.js';

const common = {
  family: 'bert',
  vocabularySize: 30_522,
  maxPositions: 512,
  positionOffset: 0,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
};

/** Models that are named by their sizes and start at random. */
export const modelSizes = {
  tiny: { ...common, hiddenSize: 128, layers: 2, heads: 2, intermediateSize: 512 },
  base: { ...common, hiddenSize: 768, layers: 12, heads: 12, intermediateSize: 3072 },
  'minilm-sizes': { ...common, hiddenSize: 384, layers: 6, heads: 12, intermediateSize: 1536 },
};

/** AdamW at 5e-5 falling to 0, decay 0.01 of all matrices, those of embeddings included, clipping at 1. */
export function recipeOf(changes) {
  return {
    epochs: 1,
    batchSize: 32,
    gradientAccumulation: 1,
    optimizer: 'adamw',
    learningRate: 5e-5,
    schedule: 'linear',
    warmupSteps: 0,
    warmupRatio: 0,
    weightDecay: 0.01,
    layerDecay: null,
    gradientClipping: 1,
    dropout: 0.1,
    labelSmoothing: 0,
    classWeights: null,
    freeze: { embeddings: false, layers: 0 },
    lora: null,
    seeds: { head: 42, order: 42, dropout: 42 },
    ...changes,
  };
}

/** The sizes that a training graph leaves open, for a part with this batch. */
export function sizesOf(batch, { dropoutSites }) {
  return {
    rows: batch.packing.rows,
    width: batch.packing.width,
    picks: batch.picks.length,
    distinct_words: batch.words.distinct.length,
    distinct_positions: batch.positions.distinct.length,
    distinct_tokenTypes: batch.tokenTypes.distinct.length,
    columns: layoutColumn.masks + dropoutSites.length + 1,
    iterations: 1,
  };
}

/** A number rounded for people. */
export function rounded(value, digits = 3) {
  return Number(value.toPrecision(digits + 1));
}
