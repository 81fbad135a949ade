// Runs the engine on one given batch: forward and backward alone, or several optimizer steps.
import { bertLogits, classificationLosses } from '../../../src/training/bert/model.ts';
import { parameterSpecifications } from '../../../src/training/bert/parameters.ts';
import type { Batch } from '../../../src/training/batch.ts';
import { GraphBuilder } from '../../../src/training/graph/builder.ts';
import { checkGraph } from '../../../src/training/graph/checker.ts';
import { differentiate } from '../../../src/training/graph/differentiate.ts';
import { encodeModel } from '../../../src/training/graph/onnx-encoding.ts';
import { emitGraph } from '../../../src/training/graph/onnx-emission.ts';
import type { Tensor } from '../../../src/training/graph/tensor.ts';
import { initialState } from '../../../src/training/initial-state.ts';
import type { BertConfig, NamedTensor } from '../../../src/training/job.ts';
import { openSession } from '../../../src/training/runtime/session.ts';
import { StepRunner } from '../../../src/training/runtime/step-runner.ts';
import type { InputValue } from '../../../src/training/step-inputs.ts';
import { buildTrainingGraph } from '../../../src/training/training-graph.ts';

export interface ReferenceModel {
  readonly config: BertConfig;
  readonly labelCount: number;
  readonly parameters: readonly NamedTensor[];
}

export function batchOf(
  tokenIds: readonly (readonly number[])[],
  tokenTypes: readonly (readonly number[])[],
  mask: readonly (readonly number[])[],
  labels: readonly number[],
): Batch {
  return {
    size: tokenIds.length,
    length: tokenIds[0]!.length,
    tokens: mask.flat().reduce((sum, one) => sum + one, 0),
    tokenIds: Int32Array.from(tokenIds.flat()),
    tokenTypes: Int32Array.from(tokenTypes.flat()),
    keyBias: Float32Array.from(mask.flat(), (one) => (one === 1 ? 0 : -1e9)),
    labels: Int32Array.from(labels),
  };
}

/** Loss, logits, and the gradient of every parameter by its name. */
export async function gradientsOf(
  { config, labelCount, parameters }: ReferenceModel,
  batch: Batch,
): Promise<{ loss: number; logits: Float32Array; gradients: Map<string, Float32Array> }> {
  const build = new GraphBuilder();
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of parameterSpecifications(config, labelCount))
    tensors.set(name, build.input(name, 'float32', shape));
  const labels = build.input('labels', 'int32', ['batch']);
  const batchTensors = {
    tokenIds: build.input('token_ids', 'int32', ['batch', 'length']),
    tokenTypes: build.input('token_types', 'int32', ['batch', 'length']),
    positions: build.input('positions', 'int32', ['length']),
    keyBias: build.input('key_bias', 'float32', ['batch', 1, 1, 'length']),
  };
  const logits = bertLogits(
    build,
    config,
    (name) => tensors.get(name)!,
    batchTensors,
    (x) => x,
  );
  const loss = build.reduceMean(classificationLosses(build, logits, labels), [0], false);
  const gradients = differentiate(build, loss, [...tensors.values()]);
  const graph = build.finish([loss, logits, ...gradients]);
  checkGraph(graph);
  const session = await openSession(encodeModel(emitGraph('gradients', graph)), 'cpu', 1);
  const shape = [batch.size, batch.length];
  const positions = Int32Array.from({ length: batch.length }, (_, position) => position);
  const outputs = await session.run({
    ...Object.fromEntries(
      parameters.map(({ name, shape, data }): [string, InputValue] => [
        name,
        { type: 'float32', shape, data },
      ]),
    ),
    token_ids: { type: 'int32', shape, data: batch.tokenIds },
    token_types: { type: 'int32', shape, data: batch.tokenTypes },
    positions: { type: 'int32', shape: [batch.length], data: positions },
    key_bias: { type: 'float32', shape: [batch.size, 1, 1, batch.length], data: batch.keyBias },
    labels: { type: 'int32', shape: [batch.size], data: batch.labels },
  });
  await session.close();
  return {
    loss: outputs[loss.name]![0]!,
    logits: outputs[logits.name]!,
    gradients: new Map([...tensors.keys()].map((name, index) => [name, outputs[gradients[index]!.name]!])),
  };
}

export interface StepsResult {
  readonly losses: number[];
  readonly gradientNorms: number[];
  /** Parameters after each step, by name. */
  readonly parameters: Map<string, Float32Array>[];
}

/** Trains one step a run, each with its batch and learning rate, dropout off. */
export async function trainSteps(
  { config, labelCount, parameters }: ReferenceModel,
  steps: readonly { batch: Batch; learningRate: number }[],
  recipe: { weightDecay: number; gradientClipping: number | null },
): Promise<StepsResult> {
  const graph = buildTrainingGraph(config, labelCount, { dropout: 0, ...recipe });
  const start = await initialState(config, labelCount, 0, parameters);
  const runner = await StepRunner.open(graph, { dropout: 0, seed: 0, ...recipe }, start, {
    provider: 'cpu',
    threads: 2,
  });
  const result: StepsResult = { losses: [], gradientNorms: [], parameters: [] };
  for (const [index, { batch, learningRate }] of steps.entries()) {
    const { losses, gradientNorms } = await runner.run([{ step: index + 1, learningRate, batch }]);
    result.losses.push(...losses);
    result.gradientNorms.push(...gradientNorms);
    result.parameters.push(new Map(runner.state().parameters.map(({ name, data }) => [name, data])));
  }
  await runner.close();
  return result;
}

/** The largest absolute difference of two arrays of one length. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Array.from(expected).reduce(
    (worst, value, index) => Math.max(worst, Math.abs(value - actual[index]!)),
    0,
  );
}

/** The largest difference as a share of the largest element expected. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return largestDifference(actual, expected) / scale;
}

/** The key bias has no effect on attention: its true gradient is 0, and rounding noise moves it under AdamW. */
export function isKeyBias(name: string): boolean {
  return name.endsWith('attention.self.key.bias');
}
