// Evaluation: results in the order of the rows, whatever the batches; progress; ending early.
import { describe, expect, it } from 'vitest';
import { evaluate, type EvaluationJob } from '../../src/training/evaluator.ts';
import { initialState } from '../../src/training/initial-state.ts';
import { labelCount, madeUpExamples, tinyConfig } from './tiny-task.ts';

const rows = 37;
const { examples, labels } = madeUpExamples(rows);
const job: EvaluationJob = {
  config: tinyConfig,
  labelCount,
  parameters: (await initialState({ ...tinyConfig, initializerRange: 0.5 }, labelCount, 3, [])).parameters,
  examples,
  labels,
  batchSize: 8,
  threads: 1,
  provider: 'cpu',
};

describe('an evaluation', () => {
  it('gives each row the logits and loss that it has alone', async () => {
    const together = await evaluate(job);
    for (const row of [0, 1, rows - 1]) {
      const tokenIds = examples.tokenIds.slice(examples.offsets[row], examples.offsets[row + 1]);
      const alone = await evaluate({
        ...job,
        examples: { tokenIds, offsets: Int32Array.of(0, tokenIds.length) },
        labels: labels.slice(row, row + 1),
      });
      alone.logits.forEach((logit, label) =>
        expect(together.logits[row * labelCount + label]).toBeCloseTo(logit, 5),
      );
      expect(together.losses[row]).toBeCloseTo(alone.losses[0]!, 5);
    }
  });

  it('gives the loss of the label under the logits', async () => {
    const { logits, losses } = await evaluate(job);
    losses.forEach((loss, row) => {
      const scores = [...logits.subarray(row * labelCount, (row + 1) * labelCount)];
      const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
      expect(loss).toBeCloseTo(Math.log(sum) - scores[labels[row]!]!, 5);
    });
  });

  it('tells how far it has come', async () => {
    const told: [number, number][] = [];
    await evaluate({ ...job, onProgress: (done, total) => told.push([done, total]) });
    expect(told).toEqual([8, 16, 24, 32, 37].map((done) => [done, rows]));
  });

  it('ends when its signal is aborted, with the reason', async () => {
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const running = evaluate({
      ...job,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    await expect(evaluate({ ...job, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('fails with a coded error when a parameter is missing', async () => {
    await expect(evaluate({ ...job, parameters: job.parameters.slice(1) })).rejects.toMatchObject({
      code: 'engine_failed',
    });
  });

  it('says so when memory cannot be had, without the engine’s own words', async () => {
    // Attention scores of 2^47 bytes, more than a process can address; everything before them is small.
    const length = 2 ** 21;
    const config = { ...tinyConfig, hiddenSize: 2, layers: 1, intermediateSize: 2, maxPositions: length };
    const { parameters } = await initialState(config, labelCount, 1, []);
    const tokenIds = new Int32Array(length * 4).fill(5);
    const offsets = Int32Array.from({ length: 5 }, (_, row) => row * length);
    const huge = { ...job, config, parameters, examples: { tokenIds, offsets }, labels: new Int32Array(4) };
    await expect(evaluate(huge)).rejects.toMatchObject({
      code: 'out_of_memory',
      message: 'Memory for the work could not be allocated.',
    });
  });
});
