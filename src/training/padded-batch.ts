// A batch out of padded rows with masks, as other implementations have them: what is not masked is packed, and keeps its
// own position and token type, whatever they are.
import { CodedError } from '../error.ts';
import type { Example } from '../text/example-table.ts';
import { packBatch, type Batch } from './batch.ts';
import { indexTable } from './batch-indices.ts';
import type { BertConfig, ModelHead } from './job.ts';
import { maskedPlaces } from './masked-language.ts';
import { firstSlot, packingCost } from './packing.ts';

/** Rows of one length, `[batch][length]`. */
export interface PaddedRows {
  readonly tokenIds: readonly (readonly number[])[];
  readonly tokenTypes: readonly (readonly number[])[];
  /** 1 for a token that is read, 0 for one that is not. */
  readonly mask: readonly (readonly number[])[];
  /** As the targets of an example; those that belong to tokens `[length]`. */
  readonly targets: readonly Int32Array[];
}

/** The places of a row that are read. */
function placesOf(mask: readonly number[]): number[] {
  return mask.flatMap((one, place) => (one === 0 ? [] : [place]));
}

/**
 * The rows of the table of positions that the tokens of a row read. RoBERTa counts the tokens that are not padding, from
 * the row after the padding's on, and lets padding read its own.
 */
function positionsOf(row: readonly number[], { positionOffset }: BertConfig): number[] {
  if (positionOffset === 0) return [...row.keys()];
  const padding = positionOffset - 1;
  let position = padding;
  return row.map((id) => (id === padding ? padding : ++position));
}

function checkRows({ tokenIds, mask }: PaddedRows, config: BertConfig): void {
  for (const [row, ids] of tokenIds.entries()) {
    if (mask[row]?.[0] !== 1)
      throw new CodedError('model_incompatible', `Row ${row} masks its first token, which the head reads.`);
    if (ids.some((id) => !Number.isInteger(id) || id < 0 || id >= config.vocabularySize))
      throw new CodedError('model_incompatible', `Row ${row} has an id outside the vocabulary.`);
    if (Math.max(...positionsOf(ids, config)) >= config.maxPositions)
      throw new CodedError('sequence_too_long', `Row ${row} has more tokens than the model has positions.`);
  }
}

/** The examples of padded rows: their tokens that are read, the targets of tokens with them. */
export function examplesOfRows(rows: PaddedRows, { task }: ModelHead): Example[] {
  const isPerToken = task === 'tokenClassification' || task === 'maskedLanguage';
  return rows.tokenIds.map((ids, row) => {
    const places = placesOf(rows.mask[row] ?? []);
    const targets = rows.targets[row] ?? new Int32Array(0);
    const tokenIds = Int32Array.from(places, (place) => ids[place] ?? 0);
    return {
      tokenIds,
      secondStart: tokenIds.length,
      targets: isPerToken ? Int32Array.from(places, (place) => targets[place] ?? 0) : targets,
    };
  });
}

/**
 * Packs padded rows.
 * @param examples of the rows, see `examplesOfRows`.
 * @throws CodedError `model_incompatible` or `sequence_too_long` naming a row that the model cannot read
 */
export function packRows(
  rows: PaddedRows,
  examples: readonly Example[],
  config: BertConfig,
  head: ModelHead,
): Batch {
  checkRows(rows, config);
  const shape = { config, head, cost: packingCost(config), rowOfId: null };
  const batch = packBatch(examples, shape, head.task === 'maskedLanguage' ? maskedPlaces : undefined);
  const { packing } = batch;
  const positions = Int32Array.from(batch.positions.ids);
  const tokenTypes = Int32Array.from(batch.tokenTypes.ids);
  rows.tokenIds.forEach((ids, row) => {
    const base = firstSlot(packing, row);
    const ofRow = positionsOf(ids, config);
    placesOf(rows.mask[row] ?? []).forEach((place, token) => {
      positions[base + token] = ofRow[place] ?? 0;
      tokenTypes[base + token] = config.typeVocabularySize > 1 ? (rows.tokenTypes[row]?.[place] ?? 0) : 0;
    });
  });
  return {
    ...batch,
    positions: indexTable(positions, config.maxPositions),
    tokenTypes: indexTable(tokenTypes, config.typeVocabularySize),
  };
}
