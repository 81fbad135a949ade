// Dropout within the training graph: the loss of each step is that of the forward pass with the masks of its address.
import { expect, it } from 'vitest';
import { bertLogits, classificationLosses } from '../../src/training/bert/model.ts';
import { parameterSpecifications } from '../../src/training/bert/parameters.ts';
import { collectBatch, type Batch } from '../../src/training/batch.ts';
import { GraphBuilder } from '../../src/training/graph/builder.ts';
import type { Tensor } from '../../src/training/graph/tensor.ts';
import { initialState } from '../../src/training/initial-state.ts';
import { fillDropoutMask } from '../../src/training/random/dropout-mask.ts';
import { createKeystream } from '../../src/training/random/keystream.ts';
import { StepRunner } from '../../src/training/runtime/step-runner.ts';
import { buildTrainingGraph } from '../../src/training/training-graph.ts';
import { elements, evaluateGraph, resolve, type Value } from './graph/float64-evaluator.ts';
import { labelCount, madeUpExamples, tinyConfig } from './tiny-task.ts';

const probability = 0.3;
const seed = 21;
const { examples, labels } = madeUpExamples(20);
const start = await initialState({ ...tinyConfig, initializerRange: 0.3 }, labelCount, seed, []);

function integers(data: Int32Array, shape: number[]): Value {
  return { shape, data: Float64Array.from(data) };
}

/** The mean loss in double precision, each dropout site multiplied by its mask of 0 and `keptScale`. */
function lossWithMasks(batch: Batch, step: number, keptScale: number): number {
  const sizes = { batch: batch.size, length: batch.length };
  const shape = [batch.size, batch.length];
  const build = new GraphBuilder();
  const values = new Map<string, Value>([
    ['ids', integers(batch.tokenIds, shape)],
    ['types', integers(batch.tokenTypes, shape)],
    [
      'positions',
      integers(
        Int32Array.from({ length: batch.length }, (_, place) => place),
        [batch.length],
      ),
    ],
    ['bias', { shape: [batch.size, 1, 1, batch.length], data: Float64Array.from(batch.keyBias) }],
    ['labels', integers(batch.labels, [batch.size])],
  ]);
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of parameterSpecifications(tinyConfig, labelCount))
    tensors.set(name, build.input(name, 'float32', shape));
  for (const { name, shape, data } of start.parameters)
    values.set(name, { shape, data: Float64Array.from(data) });
  let site = 0;
  const dropout = (x: Tensor): Tensor => {
    const resolved = resolve(x.shape, sizes);
    const mask = new Uint8Array(elements(resolved));
    fillDropoutMask(createKeystream(seed, 'dropout'), step, site, probability, mask);
    const input = build.input(`mask_${site++}`, 'float32', x.shape);
    values.set(input.name, { shape: resolved, data: Float64Array.from(mask, (kept) => kept * keptScale) });
    return build.multiply(x, input);
  };
  const batchTensors = {
    tokenIds: build.input('ids', 'int32', ['batch', 'length']),
    tokenTypes: build.input('types', 'int32', ['batch', 'length']),
    positions: build.input('positions', 'int32', ['length']),
    keyBias: build.input('bias', 'float32', ['batch', 1, 1, 'length']),
  };
  const logits = bertLogits(build, tinyConfig, (name) => tensors.get(name)!, batchTensors, dropout);
  const losses = classificationLosses(build, logits, build.input('labels', 'int32', ['batch']));
  const loss = build.reduceMean(losses, [0], false);
  return evaluateGraph(build.finish([loss]), values, sizes).get(loss.name)!.data[0]!;
}

it('drops what the masks of each step and site say and scales what it keeps', async () => {
  const recipe = { dropout: probability, gradientClipping: null, seed, weightDecay: 0 };
  const graph = buildTrainingGraph(tinyConfig, labelCount, recipe);
  const runner = await StepRunner.open(graph, recipe, start, { provider: 'cpu', threads: 1 });
  const batches = [
    [0, 1, 2],
    [3, 4, 5, 6, 7],
    [8, 9],
  ].map((rows) => collectBatch(examples, labels, Int32Array.from(rows)));
  // At a rate of 0 the parameters stay, so that only batch and masks tell the steps apart.
  const { losses } = await runner.run(
    batches.map((batch, index) => ({ step: index + 1, learningRate: 0, batch })),
  );
  await runner.close();
  batches.forEach((batch, index) => {
    const expected = lossWithMasks(batch, index + 1, 1 / (1 - probability));
    expect(losses[index]).toBeCloseTo(expected, 5);
    expect(Math.abs(lossWithMasks(batch, index + 1, 1) - expected)).toBeGreaterThan(1e-3);
    expect(Math.abs(lossWithMasks(batch, index + 2, 1 / (1 - probability)) - expected)).toBeGreaterThan(1e-3);
  });
});
