// The piece of the training graph that cuts the data of one part of a step out of the flat inputs of a run.
import type { LookupIndices, PackedBatch } from './bert/forward.ts';
import type { GraphBuilder } from './graph/builder.ts';
import type { ElementType, Shape, Tensor } from './graph/tensor.ts';
import type { BertConfig } from './job.ts';
import { layoutColumn, stepInput } from './step-layout.ts';

type Column = keyof typeof layoutColumn;

/** Cuts the data of one part out of the flat inputs of a run. */
export class StepData {
  readonly #build: GraphBuilder;
  readonly #index: Tensor;
  readonly #layout: Tensor;

  constructor(build: GraphBuilder, index: Tensor) {
    this.#build = build;
    this.#index = index;
    this.#layout = this.row(build.input(stepInput.layout, 'int64', ['parts', 'columns']));
  }

  /** The part's row of an input with one row a part. */
  row(perPart: Tensor): Tensor {
    return this.#build.one('row', [perPart, this.#index], {});
  }

  /** The part's row of an input with `size` numbers a part. */
  perPart(name: string, type: ElementType, size: number): Tensor {
    return this.row(this.#build.input(name, type, ['parts', size]));
  }

  /** One column of the part's row of the layout: int64 [1]. */
  column(index: number): Tensor {
    return this.#build.one('pick', [this.#layout], { index });
  }

  /** The part of a flat input between two columns, in a shape whose symbols `sizes` resolves. */
  cut(
    flat: Tensor,
    [first, end]: readonly [number, number],
    shape: Shape,
    sizes: readonly Tensor[] = [],
  ): Tensor {
    return this.#build.one('segment', [flat, this.column(first), this.column(end), ...sizes], { shape });
  }

  /** A flat input of which a part has the elements from column `first` to column `end`. */
  list(name: string, type: ElementType, first: Column, end: Column, symbol: string): Tensor {
    const columns = [layoutColumn[first], layoutColumn[end]] as const;
    return this.cut(this.#build.input(name, type, [name]), columns, [symbol]);
  }
}

/** Declares the inputs that hold batches and cuts that of the part out of them. */
export function packedBatch(build: GraphBuilder, data: StepData, config: BertConfig): PackedBatch {
  const perSlot = (name: string): Tensor => data.list(name, 'int32', 'slots', 'slotsEnd', 'rows*width');
  const indices = (
    names: readonly [string, string, string],
    [first, end]: readonly [Column, Column],
    tableRows: number,
  ): LookupIndices => ({
    ids: perSlot(names[0]),
    distinct: data.list(names[1], 'int32', first, end, `distinct_${first}`),
    slots: data.perPart(names[2], 'int32', tableRows),
  });
  const rows = data.column(layoutColumn.rows);
  const width = data.column(layoutColumn.width);
  const segments = data.cut(
    build.input(stepInput.segments, 'int32', [stepInput.segments]),
    [layoutColumn.slots, layoutColumn.slotsEnd],
    ['rows', 'width'],
    [rows, width],
  );
  return {
    words: indices(
      [stepInput.wordIds, stepInput.distinctWords, stepInput.wordSlots],
      ['words', 'wordsEnd'],
      config.vocabularySize,
    ),
    positions: indices(
      [stepInput.positionIds, stepInput.distinctPositions, stepInput.positionSlots],
      ['positions', 'positionsEnd'],
      config.maxPositions,
    ),
    tokenTypes:
      config.typeVocabularySize === 0
        ? null
        : indices(
            [stepInput.tokenTypeIds, stepInput.distinctTokenTypes, stepInput.tokenTypeSlots],
            ['tokenTypes', 'tokenTypesEnd'],
            config.typeVocabularySize,
          ),
    segments,
    rows,
    width,
    picks: {
      indices: data.list(stepInput.picks, 'int32', 'picks', 'picksEnd', 'picks'),
      slots: perSlot(stepInput.pickSlots),
    },
  };
}
