// How the data of several steps lies in the flat inputs of a run: agreed between who writes it and the graph.

/** Columns of the layout row of a step; from `masks` on, where each dropout mask begins, and the end of the last. */
export const layoutColumn = {
  tokens: 0,
  tokensEnd: 1,
  examples: 2,
  examplesEnd: 3,
  batch: 4,
  length: 5,
  masks: 6,
} as const;

/** Names of the model's inputs beside the state, and of what it collects. */
export const stepInput = {
  layout: 'layout',
  tokenIds: 'token_ids',
  tokenTypes: 'token_types',
  keyBias: 'key_bias',
  labels: 'labels',
  decay: 'decay_factors',
  stepSize: 'step_sizes',
  epsilon: 'epsilons',
  masks: 'dropout_masks',
} as const;
