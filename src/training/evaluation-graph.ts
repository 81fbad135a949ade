// The graph of the forward pass alone over packed batches, without dropout, for weights that are given with each run.
import { declareBatch } from './batch-inputs.ts';
import { encode } from './bert/encoder.ts';
import { headLogits } from './bert/head.ts';
import { openForward } from './bert/open-forward.ts';
import { GraphBuilder } from './graph/builder.ts';
import { checkGraph } from './graph/checker.ts';
import { encodeModel } from './graph/onnx-encoding.ts';
import { emitGraph } from './graph/onnx-emission.ts';
import type { BertConfig, ModelHead, Recipe } from './job.ts';
import type { ModelLayout } from './model-layout.ts';
import { openSlot } from './part-graph.ts';

export interface EvaluationGraph {
  readonly model: Uint8Array;
  /** The name of the output: float32 [examples, labels], or [rows * width, labels] for token classification. */
  readonly logits: string;
}

/** Builds, checks and encodes the forward pass for any batch. */
export function buildEvaluationGraph(
  config: BertConfig,
  head: ModelHead,
  { lora }: Pick<Recipe, 'lora'>,
  layout: ModelLayout,
): EvaluationGraph {
  const build = new GraphBuilder();
  const tensors = new Map(
    [...layout.trained, ...layout.frozen].flatMap((slot) =>
      openSlot(build, slot, build.input(slot.name, 'float32', slot.shape)),
    ),
  );
  const model = { config, head, recipe: { lora, dropout: 0 } };
  const forward = openForward(build, model, layout.leaves, tensors, () => (x) => x);
  const batch = declareBatch(build, config);
  const logits = headLogits(forward, encode(forward, batch));
  const graph = build.finish([logits]);
  checkGraph(graph);
  return { model: encodeModel(emitGraph('evaluation', graph)), logits: logits.name };
}
