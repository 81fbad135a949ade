// Runs of steps: their bits do not depend on how many steps a run takes.
import { beforeAll, describe, expect, it } from 'vitest';
import { BatchOrder } from '../../../src/training/batch-order.ts';
import { collectBatch } from '../../../src/training/batch.ts';
import { linearSchedule } from '../../../src/training/optimizer/schedule.ts';
import { RunLength } from '../../../src/training/runtime/run-length.ts';
import { StepRunner } from '../../../src/training/runtime/step-runner.ts';
import type { StepPlan } from '../../../src/training/step-inputs.ts';
import { buildTrainingGraph, type TrainingGraph } from '../../../src/training/training-graph.ts';
import { hashState, labelCount, tinyConfig, tinyJob } from '../tiny-task.ts';

const job = tinyJob();
const steps = 24;
let graph: TrainingGraph;

function plans(): StepPlan[] {
  const order = new BatchOrder(61, job.recipe);
  return Array.from({ length: steps }, (_, index) => ({
    step: index + 1,
    learningRate: linearSchedule(index, steps, 1e-3, 0.1),
    batch: collectBatch(job.examples, job.labels, order.examplesOf(index)),
  }));
}

async function hashAfter(
  stepsPerRun: number,
  threads = 1,
  seed = 11,
): Promise<{ hash: string; losses: number[] }> {
  const runner = await StepRunner.open(graph, { ...job.recipe, seed }, job.start, {
    provider: 'cpu',
    threads,
  });
  const losses: number[] = [];
  const all = plans();
  for (let start = 0; start < steps; start += stepsPerRun)
    losses.push(...(await runner.run(all.slice(start, start + stepsPerRun))).losses);
  const hash = hashState(runner.state());
  await runner.close();
  return { hash, losses };
}

beforeAll(() => {
  graph = buildTrainingGraph(tinyConfig, labelCount, job.recipe);
});

describe('a run of steps with dropout', () => {
  it.each([2, 8, 24])('gives with %i steps a run the bytes of one step a run', async (stepsPerRun) => {
    const single = await hashAfter(1);
    expect(await hashAfter(stepsPerRun)).toEqual(single);
  });

  it('gives the same bytes each time on two threads', async () => {
    expect(await hashAfter(8, 2)).toEqual(await hashAfter(3, 2));
  });

  it('gives other bytes with other dropout masks', async () => {
    expect((await hashAfter(8, 1, 12)).hash).not.toBe((await hashAfter(8)).hash);
  });

  it('is described by the same bytes of ONNX each time, and has no masks where dropout is 0', () => {
    expect(buildTrainingGraph(tinyConfig, labelCount, job.recipe).model).toEqual(graph.model);
    expect(graph.dropoutSites).toHaveLength(1 + 3 * tinyConfig.layers + 1);
    expect(buildTrainingGraph(tinyConfig, labelCount, { ...job.recipe, dropout: 0 }).dropoutSites).toEqual(
      [],
    );
  });
});

describe('the length of runs', () => {
  const sequence = (): (() => StepPlan) => {
    const [plan] = plans();
    return () => plan!;
  };

  it('is one step until it is known how long steps take', () => {
    expect(new RunLength().take(sequence(), () => 0, 50)).toHaveLength(1);
  });

  it('fills at most a second and a half, and at least one step', () => {
    const length = new RunLength();
    const once = length.take(sequence(), () => 0, 50);
    length.learn(once, 0.125);
    expect(length.take(sequence(), () => 0, 50)).toHaveLength(12);
    length.learn(once, 5);
    expect(length.take(sequence(), () => 0, 50)).toHaveLength(1);
  });

  it('ends at the limit, at the end of the plans, and where the masks grow too large', () => {
    const length = new RunLength();
    length.learn(
      length.take(sequence(), () => 0, 50),
      0.001,
    );
    expect(length.take(sequence(), () => 0, 7)).toHaveLength(7);
    const three = plans().slice(0, 3);
    expect(
      length.take(
        () => three.shift(),
        () => 0,
        50,
      ),
    ).toHaveLength(3);
    expect(length.take(sequence(), () => 100 * 2 ** 20, 50)).toHaveLength(2);
  });
});
