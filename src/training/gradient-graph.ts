// The graph of loss, logits and gradients of one batch, without dropout and optimizer: to look at, and to hold against
// other implementations.
import { declareBatch } from './batch-inputs.ts';
import { encode } from './bert/encoder.ts';
import { headLogits } from './bert/head.ts';
import { openForward } from './bert/open-forward.ts';
import { GraphBuilder } from './graph/builder.ts';
import { checkGraph } from './graph/checker.ts';
import { differentiate } from './graph/differentiate.ts';
import type { Graph } from './graph/tensor.ts';
import type { BertConfig, ModelHead, Recipe } from './job.ts';
import { holdsWeights, lossOf, rowSymbol } from './loss.ts';
import type { ModelLayout } from './model-layout.ts';
import { stepInput } from './step-layout.ts';
import { openSlot } from './part-graph.ts';

export interface GradientGraph {
  readonly graph: Graph;
  /** Names of outputs. */
  readonly loss: string;
  readonly logits: string;
  /** For each leaf of each trained slot, in order. */
  readonly gradients: readonly (readonly string[])[];
}

/** Builds and checks the graph. */
export function buildGradientGraph(
  config: BertConfig,
  head: ModelHead,
  { lora }: Pick<Recipe, 'lora'>,
  layout: ModelLayout,
): GradientGraph {
  const build = new GraphBuilder();
  const open = (slots: ModelLayout['trained']) =>
    slots.map((slot) => openSlot(build, slot, build.input(slot.name, 'float32', slot.shape)));
  const trained = open(layout.trained);
  const tensors = new Map([...trained, ...open(layout.frozen)].flat());
  const model = { config, head, recipe: { lora, dropout: 0 } };
  const forward = openForward(build, model, layout.leaves, tensors, () => (x) => x);
  const batch = declareBatch(build, config);
  const logits = headLogits(forward, encode(forward, batch));
  const rows = rowSymbol(head.task);
  const targets =
    head.task === 'maskedLanguage'
      ? build.input(stepInput.targets, 'int32', [rows])
      : build.input(stepInput.targets, 'float32', [rows, head.labelCount]);
  const weights = holdsWeights(head.task) ? null : build.input(stepInput.weights, 'float32', [rows]);
  const loss = lossOf(build, head, logits, { targets, weights });
  const leaves = trained.flat().map(([, tensor]) => tensor);
  const gradients = differentiate(build, loss, leaves);
  const graph = build.finish([loss, logits, ...gradients]);
  checkGraph(graph);
  let next = 0;
  return {
    graph,
    loss: loss.name,
    logits: logits.name,
    gradients: trained.map((slot) => slot.map(() => gradients[next++]?.name ?? '')),
  };
}
