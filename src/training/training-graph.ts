// The graph of one whole training step - its parts, clipping, optimizer - and the loop over several steps.
import { GraphBuilder } from './graph/builder.ts';
import { checkGraph } from './graph/checker.ts';
import { encodeModel } from './graph/onnx-encoding.ts';
import { emitLoop, stateInput } from './graph/onnx-emission.ts';
import type { Graph, Tensor } from './graph/tensor.ts';
import type { BertConfig, ModelHead, Recipe } from './job.ts';
import type { ModelLayout } from './model-layout.ts';
import { clippingFactor, globalNorm } from './optimizer/clipping.ts';
import { optimizers, type SlotState } from './optimizer/optimizer.ts';
import { buildPart, type DropoutSite, type PartGraph } from './part-graph.ts';
import { stepInput } from './step-layout.ts';

export const collected = { loss: 'losses', gradientNorm: 'gradient_norms' } as const;

/** The name of the input with an optimizer's factors of a group of slots. */
export function factorsInput(group: number): string {
  return `factors_${group}`;
}

/** One value that a slot carries from step to step. */
interface CarriedNames {
  readonly input: string;
  readonly output: string;
}

export interface TrainingGraph {
  /** The body of the loop: one step. */
  readonly step: Graph;
  /** ONNX bytes. */
  readonly model: Uint8Array;
  /** For each slot of the layout: the parameter, then its moments. */
  readonly carried: readonly (readonly CarriedNames[])[];
  /** Of each part. */
  readonly dropoutSites: readonly DropoutSite[];
}

/** What a training graph is built for. */
export interface TrainedModel {
  readonly config: BertConfig;
  readonly head: ModelHead;
  readonly recipe: Recipe;
  /** Whether a step may have several parts; a graph that is not built for it computes a little less. */
  readonly inParts: boolean;
}

interface StepSlots {
  readonly trained: readonly SlotState[];
  readonly frozen: readonly Tensor[];
}

function declareSlots(build: GraphBuilder, layout: ModelLayout, moments: number): StepSlots {
  return {
    trained: layout.trained.map((slot) => ({
      parameter: build.input(slot.name, 'float32', slot.shape),
      moments: Array.from({ length: moments }, (_, index) =>
        build.input(`${slot.name}.moment_${index}`, 'float32', slot.shape),
      ),
    })),
    frozen: layout.frozen.map((slot) => build.input(slot.name, 'float32', slot.shape)),
  };
}

/** Adds the parts of a step up: a loop within the step, whose body sees parameters and data from outside. */
function sumOfParts(
  build: GraphBuilder,
  step: Tensor,
  model: TrainedModel,
  layout: ModelLayout,
  slots: StepSlots,
): PartGraph {
  const ofStep = (name: string): Tensor =>
    build.one('row', [build.input(name, 'int64', ['iterations']), step], {});
  const first = ofStep(stepInput.firstPart);
  const count = ofStep(stepInput.partCount);
  const inner = new GraphBuilder('part_');
  const place = inner.input('part_place', 'int64', []);
  const outside = (tensor: Tensor): Tensor => inner.input(tensor.name, tensor.type, tensor.shape);
  const parameters = slots.trained.map(({ parameter }) => outside(parameter));
  const index = inner.one('offset', [outside(first), place], {});
  const part = buildPart(inner, index, model, layout, {
    trained: parameters,
    frozen: slots.frozen.map(outside),
  });
  const sums = [part.loss, ...part.gradients].map((value, position) => {
    const before = inner.input(`part_sum_${position}`, 'float32', value.shape);
    return { before, after: inner.add(before, value) };
  });
  const body = inner.finish(sums.map(({ after }) => after));
  checkGraph(body);
  const known = new Set(build.declared.map(({ name }) => name));
  const own = new Set([place.name, first.name, ...sums.map(({ before }) => before.name)]);
  const captured = body.inputs.filter(({ name }) => !own.has(name));
  for (const { name, type, shape } of captured) if (!known.has(name)) build.input(name, type, shape);
  const zeros = sums.map(({ before }) => build.one('zeros', [], { shape: before.shape.map(Number) }));
  const [loss, ...gradients] = build.apply('loop', [count, ...zeros, first, ...captured], {
    body,
    iteration: place.name,
    carried: sums.map(({ before }) => before.name),
  });
  if (loss === undefined) throw new Error('The parts of a step have no loss.');
  return { loss, gradients, dropoutSites: part.dropoutSites };
}

/** Adds the update of every slot; returns their states after the step. */
function updateSlots(
  build: GraphBuilder,
  step: Tensor,
  { recipe }: TrainedModel,
  layout: ModelLayout,
  slots: readonly SlotState[],
  update: { readonly gradients: readonly Tensor[]; readonly clipping: Tensor | null },
): SlotState[] {
  const optimizer = optimizers[recipe.optimizer];
  const { factorCount } = optimizer;
  const factorsOf = layout.groups.map((_, group) => {
    const all = build.input(factorsInput(group), 'float32', ['iterations', factorCount]);
    const ofStep = build.one('row', [all, step], {});
    return Array.from({ length: factorCount }, (_, index) => build.one('pick', [ofStep], { index }));
  });
  return layout.trained.map((slot, index) => {
    const before = slots[index];
    const gradient = update.gradients[index];
    const factors = factorsOf[slot.group];
    if (before === undefined || gradient === undefined || factors === undefined)
      throw new Error(`${slot.name} has no gradient.`);
    const { clipping } = update;
    return optimizer.update(build, before, gradient, { factors, clipping, decays: slot.decays });
  });
}

function values({ parameter, moments }: SlotState): readonly Tensor[] {
  return [parameter, ...moments];
}

/**
 * Builds, checks and encodes the training step of a recipe.
 * Equal arguments give equal bytes; the learning rate, its schedule, the decay and the seeds are data, not part of it.
 */
export function buildTrainingGraph(model: TrainedModel, layout: ModelLayout): TrainingGraph {
  const { recipe } = model;
  const build = new GraphBuilder();
  const step = build.input('iteration', 'int64', []);
  const slots = declareSlots(build, layout, optimizers[recipe.optimizer].moments);
  const { loss, gradients, dropoutSites } = model.inParts
    ? sumOfParts(build, step, model, layout, slots)
    : buildPart(build, step, model, layout, {
        trained: slots.trained.map(({ parameter }) => parameter),
        frozen: slots.frozen,
      });
  const norm = globalNorm(build, gradients);
  const clipping =
    recipe.gradientClipping === null ? null : clippingFactor(build, norm, recipe.gradientClipping);
  const after = updateSlots(build, step, model, layout, slots.trained, { gradients, clipping });
  const carried = slots.trained.map((before, index) => {
    const results = after[index];
    if (results === undefined) throw new Error(`${before.parameter.name} is not carried on.`);
    return values(before).map((tensor, part) => {
      const result = values(results)[part];
      if (result === undefined) throw new Error(`${tensor.name} is not carried on.`);
      return { before: tensor, after: result, result: `${tensor.name}.result` };
    });
  });
  const all = carried.flat();
  const graph = build.finish([...all.map((value) => value.after), loss, norm]);
  checkGraph(graph);
  const onnx = emitLoop('training', graph, {
    iteration: step,
    carried: all,
    collected: [
      { value: loss, result: collected.loss },
      { value: norm, result: collected.gradientNorm },
    ],
  });
  return {
    step: graph,
    model: encodeModel(onnx),
    carried: carried.map((slot) =>
      slot.map(({ before, result }) => ({ input: stateInput(before), output: result })),
    ),
    dropoutSites,
  };
}
