// The graph of one whole training step - forward, backward, clipping, AdamW - and the loop over several of them.
import { bertLogits, classificationLosses, type Dropout } from './bert/model.ts';
import { decays, parameterSpecifications } from './bert/parameters.ts';
import { GraphBuilder } from './graph/builder.ts';
import { checkGraph } from './graph/checker.ts';
import { differentiate } from './graph/differentiate.ts';
import { encodeModel } from './graph/onnx-encoding.ts';
import { emitLoop, stateInput, type LoopPlan } from './graph/onnx-emission.ts';
import type { Shape, Tensor } from './graph/tensor.ts';
import type { BertConfig, Recipe } from './job.ts';
import {
  adamwUpdate,
  clippingFactor,
  globalNorm,
  type Moments,
  type StepFactors,
} from './optimizer/adamw.ts';
import { batchTensors, StepData } from './step-data.ts';
import { layoutColumn, stepInput } from './step-layout.ts';

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
