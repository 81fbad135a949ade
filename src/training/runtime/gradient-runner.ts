// Loss, logits and gradients of one batch under a whole model.
import { batchInputs } from '../batch-inputs.ts';
import type { Batch } from '../batch.ts';
import { buildGradientGraph } from '../gradient-graph.ts';
import { encodeModel } from '../graph/onnx-encoding.ts';
import { emitGraph } from '../graph/onnx-emission.ts';
import type { BertConfig, ModelHead, NamedTensor, Recipe } from '../job.ts';
import { holdsWeights } from '../loss.ts';
import { modelLayout } from '../model-layout.ts';
import { gatherSlot, namedTensors } from '../state-slots.ts';
import type { InputValue } from '../step-inputs.ts';
import { stepInput } from '../step-layout.ts';
import type { BatchTargets } from '../targets.ts';
import { openSession } from './session.ts';

export interface Gradients {
  readonly loss: number;
  /** `[rows, labels]`. */
  readonly logits: Float32Array;
  /** Of every tensor that the recipe trains, under its name. */
  readonly gradients: readonly NamedTensor[];
}

/**
 * Computes what one step would, before clipping and the optimizer, dropout off, on the CPU.
 * @param tensors every tensor of the model.
 */
export async function computeGradients(
  model: { readonly config: BertConfig; readonly head: ModelHead; readonly tensors: readonly NamedTensor[] },
  recipe: Pick<Recipe, 'freeze' | 'lora' | 'layerDecay'>,
  { batch, targets }: { readonly batch: Batch; readonly targets: BatchTargets },
  threads: number,
): Promise<Gradients> {
  const { config, head } = model;
  const layout = modelLayout(config, head, recipe);
  const { graph, loss, logits, gradients } = buildGradientGraph(config, head, recipe, layout);
  const session = await openSession(encodeModel(emitGraph('gradients', graph)), 'cpu', threads);
  const byName = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const rows = targets.weights.length;
  const slots = [...layout.trained, ...layout.frozen].map((slot): [string, InputValue] => [
    slot.name,
    { type: 'float32', shape: slot.shape, data: gatherSlot(slot, byName) },
  ]);
  const ids = targets.targets instanceof Int32Array;
  const outputs = await session.run({
    ...Object.fromEntries(slots),
    ...batchInputs(batch, config),
    [stepInput.targets]: {
      type: ids ? 'int32' : 'float32',
      shape: ids ? [rows] : [rows, head.labelCount],
      data: targets.targets,
    },
    ...(holdsWeights(head.task)
      ? {}
      : { [stepInput.weights]: { type: 'float32', shape: [rows], data: targets.weights } as const }),
  });
  await session.close();
  const output = (name: string): Float32Array => {
    const data = outputs[name];
    if (data === undefined) throw new Error(`The session gave no ${name}.`);
    return data;
  };
  const slotData = layout.trained.map((slot, index) => {
    const parts = (gradients[index] ?? []).map(output);
    const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      data.set(part, offset);
      offset += part.length;
    }
    return { slot, data };
  });
  return {
    loss: output(loss)[0] ?? NaN,
    logits: output(logits),
    gradients: namedTensors(slotData, layout.trainedShapes),
  };
}
