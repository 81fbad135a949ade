// The graph of the forward pass alone, without dropout.
import { bertLogits, classificationLosses } from './bert/model.ts';
import { parameterSpecifications } from './bert/parameters.ts';
import { GraphBuilder } from './graph/builder.ts';
import { checkGraph } from './graph/checker.ts';
import { encodeModel } from './graph/onnx-encoding.ts';
import { emitGraph } from './graph/onnx-emission.ts';
import type { Tensor } from './graph/tensor.ts';
import type { BertConfig } from './job.ts';

/** Names of the model's inputs beside the parameters, which go by their own names. */
export const evaluationInput = {
  tokenIds: 'token_ids',
  tokenTypes: 'token_types',
  positions: 'positions',
  keyBias: 'key_bias',
  labels: 'labels',
} as const;

/** Names of the model's outputs: float32 [batch, labels] and [batch]. */
export interface EvaluationGraph {
  readonly model: Uint8Array;
  readonly logits: string;
  readonly losses: string;
}

/** Builds, checks and encodes the forward pass for any batch. */
export function buildEvaluationGraph(config: BertConfig, labelCount: number): EvaluationGraph {
  const build = new GraphBuilder();
  const parameters = new Map(
    parameterSpecifications(config, labelCount).map(({ name, shape }) => [
      name,
      build.input(name, 'float32', shape),
    ]),
  );
  const lookup = (name: string): Tensor => {
    const tensor = parameters.get(name);
    if (tensor === undefined) throw new Error(`There is no parameter ${name}.`);
    return tensor;
  };
  const batch = {
    tokenIds: build.input(evaluationInput.tokenIds, 'int32', ['batch', 'length']),
    tokenTypes: build.input(evaluationInput.tokenTypes, 'int32', ['batch', 'length']),
    positions: build.input(evaluationInput.positions, 'int32', ['length']),
    keyBias: build.input(evaluationInput.keyBias, 'float32', ['batch', 1, 1, 'length']),
  };
  const labels = build.input(evaluationInput.labels, 'int32', ['batch']);
  const logits = bertLogits(build, config, lookup, batch, (x) => x);
  const losses = classificationLosses(build, logits, labels);
  const graph = build.finish([logits, losses]);
  checkGraph(graph);
  return { model: encodeModel(emitGraph('evaluation', graph)), logits: logits.name, losses: losses.name };
}
