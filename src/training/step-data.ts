// The part of the training graph that cuts the data of one step out of the flat inputs of a run.
import type { BatchTensors } from './bert/model.ts';
import type { GraphBuilder } from './graph/builder.ts';
import type { ElementType, Shape, Tensor } from './graph/tensor.ts';
import type { BertConfig } from './job.ts';
import { layoutColumn, stepInput } from './step-layout.ts';

const int64Zero = { type: 'int64', shape: [1], values: [0] } as const;

/** Cuts the data of one step out of the flat inputs of a run. */
export class StepData {
  private readonly build: GraphBuilder;
  private readonly iteration: Tensor;
  private readonly layout: Tensor;

  constructor(build: GraphBuilder, iteration: Tensor) {
    this.build = build;
    this.iteration = iteration;
    this.layout = this.scalarOf(build.input(stepInput.layout, 'int64', ['iterations', 'columns']));
  }

  /** Row `iteration` of an input with one row a step. */
  scalarOf(perStep: Tensor): Tensor {
    return this.build.one('gather', [perStep, this.iteration], {});
  }

  factor(name: string): Tensor {
    return this.scalarOf(this.build.input(name, 'float32', ['iterations']));
  }

  private column(index: number): Tensor {
    return this.build.one('pick', [this.layout], { index });
  }

  /** flat[column start .. column end) in a shape whose symbols are `batch` and `length`. */
  segment(flat: Tensor, columns: readonly [number, number], shape: Shape): Tensor {
    const [start, end] = columns;
    return this.cut(flat, this.column(start), this.column(end), shape);
  }

  positions(count: number): Tensor {
    const values = Array.from({ length: count }, (_, position) => position);
    const all = this.build.one('constant', [], { type: 'int32', shape: [count], values });
    const start = this.build.one('constant', [], int64Zero);
    return this.cut(all, start, this.column(layoutColumn.length), ['length']);
  }

  private cut(flat: Tensor, start: Tensor, end: Tensor, shape: Shape): Tensor {
    const sizes = shape
      .filter((dimension) => typeof dimension === 'string')
      .map((symbol) => this.column(symbol === 'batch' ? layoutColumn.batch : layoutColumn.length));
    return this.build.one('segment', [flat, start, end, ...sizes], { shape });
  }
}

/** Declares the inputs that hold batches and cuts those of the step out of them. */
export function batchTensors(
  build: GraphBuilder,
  data: StepData,
  config: BertConfig,
): BatchTensors & { labels: Tensor } {
  const tokens = [layoutColumn.tokens, layoutColumn.tokensEnd] as const;
  const perToken = (name: string, type: ElementType, shape: Shape): Tensor =>
    data.segment(build.input(name, type, ['tokens']), tokens, shape);
  return {
    tokenIds: perToken(stepInput.tokenIds, 'int32', ['batch', 'length']),
    tokenTypes: perToken(stepInput.tokenTypes, 'int32', ['batch', 'length']),
    keyBias: perToken(stepInput.keyBias, 'float32', ['batch', 1, 1, 'length']),
    positions: data.positions(config.maxPositions),
    labels: data.segment(
      build.input(stepInput.labels, 'int32', ['examples']),
      [layoutColumn.examples, layoutColumn.examplesEnd],
      ['batch'],
    ),
  };
}
