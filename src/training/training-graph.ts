// The graph of one whole training step - forward, backward, clipping, AdamW - and the loop over several of them.
import { classificationLosses, bertLogits, type BatchTensors, type Dropout } from './bert/model.ts';
import { decays, parameterSpecifications } from './bert/parameters.ts';
import { GraphBuilder } from './graph/builder.ts';
import { checkGraph } from './graph/checker.ts';
import { differentiate } from './graph/differentiate.ts';
import { encodeModel } from './graph/onnx-encoding.ts';
import { emitLoop, stateInput, type LoopPlan } from './graph/onnx-emission.ts';
import type { ElementType, Shape, Tensor } from './graph/tensor.ts';
import type { BertConfig, Recipe } from './job.ts';
import {
  adamwUpdate,
  clippingFactor,
  globalNorm,
  type Moments,
  type StepFactors,
} from './optimizer/adamw.ts';

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

export const collected = { loss: 'losses', gradientNorm: 'gradient_norms' } as const;

/** The names under which one parameter's state enters and leaves the model. */
export interface StateNames {
  readonly parameter: string;
  readonly inputs: {
    readonly parameter: string;
    readonly firstMoment: string;
    readonly secondMoment: string;
  };
  readonly outputs: {
    readonly parameter: string;
    readonly firstMoment: string;
    readonly secondMoment: string;
  };
}

export interface TrainingGraph {
  /** ONNX bytes. */
  readonly model: Uint8Array;
  readonly states: readonly StateNames[];
  /** Shapes of the dropout masks in the order of their sites, symbolic in `batch` and `length`. */
  readonly dropoutSites: readonly Shape[];
}

const int64Zero = { type: 'int64', shape: [1], values: [0] } as const;

/** Cuts the data of one step out of the flat inputs of a run. */
class StepData {
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

function batchTensors(
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

/** Dropout by masks from outside (Srivastava et al., JMLR 15, 2014), kept elements scaled by 1 / (1 - p). */
function maskedDropout(build: GraphBuilder, data: StepData, probability: number, sites: Shape[]): Dropout {
  if (probability === 0) return (x) => x;
  const masks = build.input(stepInput.masks, 'uint8', ['mask_elements']);
  return (x) => {
    const column = layoutColumn.masks + sites.length;
    sites.push(x.shape);
    const mask = data.segment(masks, [column, column + 1], x.shape);
    const kept = build.one('cast', [mask], { type: 'float32' });
    return build.multiply(x, build.scale(kept, 1 / (1 - probability)));
  };
}

function stateTensors(
  build: GraphBuilder,
  config: BertConfig,
  labelCount: number,
): (Moments & { name: string })[] {
  return parameterSpecifications(config, labelCount).map(({ name, shape }) => ({
    name,
    parameter: build.input(name, 'float32', shape),
    firstMoment: build.input(`${name}.first_moment`, 'float32', shape),
    secondMoment: build.input(`${name}.second_moment`, 'float32', shape),
  }));
}

function carry(before: Tensor, after: Tensor): LoopPlan['carried'][number] {
  return { before, after, result: `${before.name}.result` };
}

/**
 * Builds, checks and encodes the training step of a recipe.
 * Equal arguments give equal bytes; the learning rate, its schedule, the decay and the seed are data, not part of it.
 */
export function buildTrainingGraph(
  config: BertConfig,
  labelCount: number,
  recipe: Pick<Recipe, 'dropout' | 'gradientClipping'>,
): TrainingGraph {
  const build = new GraphBuilder();
  const iteration = build.input('iteration', 'int64', []);
  const states = stateTensors(build, config, labelCount);
  const parameters = new Map(states.map(({ name, parameter }) => [name, parameter]));
  const lookup = (name: string): Tensor => {
    const tensor = parameters.get(name);
    if (tensor === undefined) throw new Error(`There is no parameter ${name}.`);
    return tensor;
  };
  const data = new StepData(build, iteration);
  const batch = batchTensors(build, data, config);
  const dropoutSites: Shape[] = [];
  const dropout = maskedDropout(build, data, recipe.dropout, dropoutSites);
  const logits = bertLogits(build, config, lookup, batch, dropout);
  const loss = build.reduceMean(classificationLosses(build, logits, batch.labels), [0], false);
  const gradients = differentiate(
    build,
    loss,
    states.map(({ parameter }) => parameter),
  );
  const norm = globalNorm(build, gradients);
  const clipping =
    recipe.gradientClipping === null ? null : clippingFactor(build, norm, recipe.gradientClipping);
  const factors: StepFactors = {
    decay: data.factor(stepInput.decay),
    stepSize: data.factor(stepInput.stepSize),
    epsilon: data.factor(stepInput.epsilon),
  };
  const carried = states.flatMap((before, index) => {
    const gradient = gradients[index];
    if (gradient === undefined) throw new Error(`${before.name} has no gradient.`);
    const after = adamwUpdate(build, before, gradient, { factors, clipping, decays: decays(before.name) });
    return [
      carry(before.parameter, after.parameter),
      carry(before.firstMoment, after.firstMoment),
      carry(before.secondMoment, after.secondMoment),
    ];
  });
  const body = build.finish([...carried.map(({ after }) => after), loss, norm]);
  checkGraph(body);
  const model = emitLoop('training', body, {
    iteration,
    carried,
    collected: [
      { value: loss, result: collected.loss },
      { value: norm, result: collected.gradientNorm },
    ],
  });
  return { model: encodeModel(model), states: states.map(stateNames), dropoutSites };
}

function stateNames({ name, parameter, firstMoment, secondMoment }: Moments & { name: string }): StateNames {
  const outputs = (tensor: Tensor): string => carry(tensor, tensor).result;
  return {
    parameter: name,
    inputs: {
      parameter: stateInput(parameter),
      firstMoment: stateInput(firstMoment),
      secondMoment: stateInput(secondMoment),
    },
    outputs: {
      parameter: outputs(parameter),
      firstMoment: outputs(firstMoment),
      secondMoment: outputs(secondMoment),
    },
  };
}
