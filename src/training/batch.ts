// One batch as the training graph reads it: sequences packed into rows, and the indices that its lookups need.
import { CodedError } from '../error.ts';
import type { Example, ExampleTable } from '../text/example-table.ts';
import { indexTable, type BatchIndices } from './batch-indices.ts';
import type { BertConfig, ModelHead, TrainingJob } from './job.ts';
import { firstSlot, packingCost, packSequences, type Packing, type PackingCost } from './packing.ts';
import { configInUse } from './config-in-use.ts';

export interface Batch {
  readonly examples: readonly Example[];
  readonly packing: Packing;
  /** Real tokens. */
  readonly tokens: number;
  readonly words: BatchIndices;
  readonly positions: BatchIndices;
  readonly tokenTypes: BatchIndices;
  /** `[rows * width]`: the number of the sequence, -1 for padding. */
  readonly segments: Int32Array;
  /** The slots that the head reads, `[picks]`. */
  readonly picks: Int32Array;
  /** `[rows * width]`: the place among the picks, or their number. */
  readonly pickSlots: Int32Array;
}

/** What a batch is made for. */
export interface BatchShape {
  /** With the size of the vocabulary in use. */
  readonly config: BertConfig;
  readonly head: ModelHead;
  readonly cost: PackingCost;
  /** From a token's id to its row in the trained table; null: they are the same. */
  readonly rowOfId: Int32Array | null;
}

/** Finds the row of each id in the table of a vocabulary; -1 where it has none. */
export function rowsOfIds(vocabulary: Int32Array): Int32Array {
  const rows = new Int32Array((vocabulary.at(-1) ?? -1) + 1).fill(-1);
  vocabulary.forEach((id, row) => (rows[id] = row));
  return rows;
}

/** The batches of a model whose table of words has the rows of a vocabulary, or all where that is null. */
export function batchShape(model: Pick<TrainingJob, 'config' | 'head' | 'vocabulary'>): BatchShape {
  const config = configInUse(model);
  const rowOfId = model.vocabulary === null ? null : rowsOfIds(model.vocabulary);
  return { config, head: model.head, cost: packingCost(config), rowOfId };
}

/**
 * Checks that a model can take all examples.
 * @throws CodedError `sequence_too_long` or `model_incompatible` naming what it cannot take
 */
export function checkExamples(table: Pick<ExampleTable, 'longest' | 'vocabulary'>, config: BertConfig): void {
  const positions = config.maxPositions - config.positionOffset;
  if (table.longest > positions)
    throw new CodedError(
      'sequence_too_long',
      `The longest example has ${table.longest} tokens; the model has ${positions} positions.`,
    );
  const first = table.vocabulary[0] ?? 0;
  const last = table.vocabulary.at(-1) ?? 0;
  if (first < 0 || last >= config.vocabularySize)
    throw new CodedError(
      'model_incompatible',
      `An example has token id ${first < 0 ? first : last}; the vocabulary has ${config.vocabularySize} entries.`,
    );
}

/** The place of each slot among the picks, or their number. */
function pickPlaces(picks: Int32Array, slots: number): Int32Array {
  const places = new Int32Array(slots).fill(picks.length);
  picks.forEach((slot, place) => (places[slot] = place));
  return places;
}

/**
 * Packs examples into a batch.
 * @param pickedOf for an example the tokens that the head reads, by their place in it.
 * @throws CodedError `model_incompatible` when a token has no row in the table
 */
export function packBatch(
  examples: readonly Example[],
  { config, cost, rowOfId }: BatchShape,
  pickedOf: (example: Example, index: number) => readonly number[] = () => [0],
): Batch {
  const lengths = Int32Array.from(examples, ({ tokenIds }) => tokenIds.length);
  const packing = packSequences(lengths, cost);
  const slots = packing.rows * packing.width;
  const first = examples[0]?.tokenIds[0] ?? 0;
  const rowOf = (id: number): number => (rowOfId === null ? id : (rowOfId[id] ?? -1));
  // Padding reads a word that occurs anyway: what it computes goes nowhere.
  const words = new Int32Array(slots).fill(rowOf(first));
  const positions = new Int32Array(slots).fill(config.positionOffset);
  const tokenTypes = new Int32Array(slots);
  const segments = new Int32Array(slots).fill(-1);
  const picks: number[] = [];
  // RoBERTa knows one type of token, whichever text it is of.
  const secondType = Math.min(1, config.typeVocabularySize - 1);
  examples.forEach((example, sequence) => {
    const { tokenIds, secondStart } = example;
    const base = firstSlot(packing, sequence);
    for (let place = 0; place < tokenIds.length; place++) {
      words[base + place] = rowOf(tokenIds[place] ?? -1);
      positions[base + place] = config.positionOffset + place;
      tokenTypes[base + place] = place >= secondStart ? secondType : 0;
    }
    segments.fill(sequence, base, base + tokenIds.length);
    for (const place of pickedOf(example, sequence)) picks.push(base + place);
  });
  if (words.includes(-1))
    throw new CodedError('model_incompatible', 'A token of an example is not in the vocabulary in use.');
  const picked = Int32Array.from(picks);
  return {
    examples,
    packing,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    words: indexTable(words, config.vocabularySize),
    positions: indexTable(positions, config.maxPositions),
    tokenTypes: indexTable(tokenTypes, config.typeVocabularySize),
    segments,
    picks: picked,
    pickSlots: pickPlaces(picked, slots),
  };
}
