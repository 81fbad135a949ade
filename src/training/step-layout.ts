// How the data of several steps lies in the flat inputs of a run: agreed between who writes it and the graph.

/** Columns of the layout row of a part of a step; from `masks` on, where each dropout mask begins, and the end of the last. */
export const layoutColumn = {
  /** The first and the end of the part's slots, of its rows times their width. */
  slots: 0,
  slotsEnd: 1,
  rows: 2,
  width: 3,
  /** Distinct words, positions and token types: first, end. */
  words: 4,
  wordsEnd: 5,
  positions: 6,
  positionsEnd: 7,
  tokenTypes: 8,
  tokenTypesEnd: 9,
  /** What the head reads: first, end. */
  picks: 10,
  picksEnd: 11,
  /** Rows of targets: first, end. */
  targets: 12,
  targetsEnd: 13,
  masks: 14,
} as const;

/** Names of the model's inputs beside the state, and of what it collects. */
export const stepInput = {
  /** Of a step: its first part and the number of its parts. */
  firstPart: 'first_parts',
  partCount: 'part_counts',
  /** One row a part. */
  layout: 'layout',
  wordIds: 'word_ids',
  distinctWords: 'distinct_words',
  wordSlots: 'word_slots',
  positionIds: 'position_ids',
  distinctPositions: 'distinct_positions',
  positionSlots: 'position_slots',
  tokenTypeIds: 'token_type_ids',
  distinctTokenTypes: 'distinct_token_types',
  tokenTypeSlots: 'token_type_slots',
  segments: 'segments',
  picks: 'picks',
  pickSlots: 'pick_slots',
  targets: 'targets',
  weights: 'weights',
  masks: 'dropout_masks',
} as const;
