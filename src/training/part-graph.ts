// Loss and gradients of one part of a step, as graph nodes: forward with dropout, and backward.
import { encode } from './bert/encoder.ts';
import type { Dropout } from './bert/forward.ts';
import { headLogits } from './bert/head.ts';
import { openForward } from './bert/open-forward.ts';
import type { GraphBuilder } from './graph/builder.ts';
import { differentiate } from './graph/differentiate.ts';
import type { Shape, Tensor } from './graph/tensor.ts';
import type { BertConfig, ModelHead, Recipe } from './job.ts';
import { holdsWeights, lossOf, rowSymbol, type LossTargets } from './loss.ts';
import type { ModelLayout } from './model-layout.ts';
import type { Slot } from './state-slots.ts';
import { packedBatch, StepData } from './step-data.ts';
import { layoutColumn, stepInput } from './step-layout.ts';

export interface DropoutSite {
  /** Symbols as in step-inputs.ts. */
  readonly shape: Shape;
  readonly probability: number;
}

/** A part as graph nodes. */
export interface PartGraph {
  /** float32 scalar: the part's share of the step's loss. */
  readonly loss: Tensor;
  /** Of each trained slot, in the slot's shape: the part's share. */
  readonly gradients: readonly Tensor[];
  /** The dropout masks in the order of their sites. */
  readonly dropoutSites: readonly DropoutSite[];
}

/** Dropout by masks from outside (Srivastava et al., JMLR 15, 2014), kept elements scaled by 1 / (1 - p). */
function maskedDropout(
  build: GraphBuilder,
  data: StepData,
  sites: DropoutSite[],
): (probability: number) => Dropout {
  let masks: Tensor | undefined;
  const sizeOf: Readonly<Record<string, number>> = { rows: layoutColumn.rows, width: layoutColumn.width };
  return (probability) => (x) => {
    if (probability === 0) return x;
    masks ??= build.input(stepInput.masks, 'uint8', ['mask_elements']);
    const column = layoutColumn.masks + sites.length;
    sites.push({ shape: x.shape, probability });
    const symbols = x.shape.filter((dimension) => typeof dimension === 'string');
    const sizes = symbols.length === 1 ? [] : symbols.map((symbol) => data.column(sizeOf[symbol] ?? 0));
    const mask = data.cut(masks, [column, column + 1], x.shape, sizes);
    return build.one('dropout', [x, mask], { scale: 1 / (1 - probability), backward: false });
  };
}

/** The leaves of a slot as tensors, by name: a slot of vectors is split into them. */
export function openSlot(build: GraphBuilder, slot: Slot, whole: Tensor): [string, Tensor][] {
  const [only, ...others] = slot.leaves;
  if (only !== undefined && others.length === 0) return [[only.name, whole]];
  const sizes = slot.leaves.map(({ shape }) => Number(shape[0]));
  const parts = build.apply('split', [whole], { axis: 0, sizes });
  return slot.leaves.map(({ name }, index) => {
    const part = parts[index];
    if (part === undefined) throw new Error(`${name} is missing.`);
    return [name, part];
  });
}

function lossTargets(build: GraphBuilder, data: StepData, { task, labelCount }: ModelHead): LossTargets {
  const columns = [layoutColumn.targets, layoutColumn.targetsEnd] as const;
  const rows = rowSymbol(task);
  const ids = task === 'maskedLanguage';
  const flat = build.input(
    stepInput.targets,
    ids ? 'int32' : 'float32',
    ids ? ['all_targets'] : ['all_targets', labelCount],
  );
  return {
    targets: data.cut(flat, columns, ids ? [rows] : [rows, labelCount]),
    weights: holdsWeights(task)
      ? null
      : data.cut(build.input(stepInput.weights, 'float32', ['all_targets']), columns, [rows]),
  };
}

/** The gradient of a slot: that of its one leaf, or those of its leaves one after another. */
function slotGradient(build: GraphBuilder, gradients: readonly Tensor[]): Tensor {
  const [only, ...others] = gradients;
  if (only === undefined) throw new Error('A slot has no gradient.');
  return others.length === 0 ? only : build.one('concatenate', gradients, { axis: 0 });
}

/**
 * Adds forward and backward of a part.
 * @param index int64 scalar: which part of the run.
 * @param slots the tensors of the trained and the frozen slots of the layout.
 */
export function buildPart(
  build: GraphBuilder,
  index: Tensor,
  model: { readonly config: BertConfig; readonly head: ModelHead; readonly recipe: Recipe },
  layout: ModelLayout,
  slots: { readonly trained: readonly Tensor[]; readonly frozen: readonly Tensor[] },
): PartGraph {
  const { config, head } = model;
  const open = (plans: readonly Slot[], tensors: readonly Tensor[]): [string, Tensor][][] =>
    plans.map((slot, place) => {
      const whole = tensors[place];
      if (whole === undefined) throw new Error(`There is no tensor for ${slot.name}.`);
      return openSlot(build, slot, whole);
    });
  const trained = open(layout.trained, slots.trained);
  const tensors = new Map([...trained, ...open(layout.frozen, slots.frozen)].flat());
  const data = new StepData(build, index);
  const dropoutSites: DropoutSite[] = [];
  const forward = openForward(build, model, layout.leaves, tensors, maskedDropout(build, data, dropoutSites));
  const batch = packedBatch(build, data, config);
  const logits = headLogits(forward, encode(forward, batch));
  const loss = lossOf(build, head, logits, lossTargets(build, data, head));
  const gradients = differentiate(
    build,
    loss,
    trained.flat().map(([, tensor]) => tensor),
  );
  let next = 0;
  return {
    loss,
    gradients: trained.map((leaves) => {
      const own = gradients.slice(next, next + leaves.length);
      next += leaves.length;
      return slotGradient(build, own);
    }),
    dropoutSites,
  };
}
