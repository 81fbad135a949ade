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

/** Sizes of encoders, by the names that scripts know them by. */
export const encoderSizes = {
  tiny: { layers: 2, hiddenSize: 128, heads: 2, intermediateSize: 512 },
  base: { layers: 12, hiddenSize: 768, heads: 12, intermediateSize: 3072 },
  'minilm-sizes': { layers: 6, hiddenSize: 384, heads: 12, intermediateSize: 1536 },
};

/** The configuration of a BERT with an encoder of some sizes. */
export function configOf(sizes) {
  return { ...common, ...sizes };
}

/** Models that are named by their sizes and start at random. */
export const modelSizes = Object.fromEntries(
  Object.entries(encoderSizes).map(([name, sizes]) => [name, configOf(sizes)]),
);

/** Examples of two classes whose words, below `words`, mean nothing. @param lengthOf - tokens of an example */
export function madeUpExamples(count, lengthOf, words) {
  return Array.from({ length: count }, (_, index) => {
    const length = lengthOf(index);
    const tokenIds = Int32Array.from({ length }, (__, place) => (index * 104729 + place * 1299709) % words);
    return { tokenIds, secondStart: length, targets: Int32Array.of(index % 2) };
  });
}

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
