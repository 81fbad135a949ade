// Runs of steps: their bits do not depend on how many steps a run takes.
import { describe, expect, it } from 'vitest';
import { exampleTableOf, type Example } from '../../../src/text/example-table.ts';
import type { Recipe, TrainingJob } from '../../../src/training/job.ts';
import { modelLayout } from '../../../src/training/model-layout.ts';
import { unusedWordsDecay } from '../../../src/training/optimizer/unused-words.ts';
import { paceOf, runSeconds, takeRun, unknownPace } from '../../../src/training/runtime/run-length.ts';
import { StepRunner } from '../../../src/training/runtime/step-runner.ts';
import type { StepPlan } from '../../../src/training/step-inputs.ts';
import { StepPlanner } from '../../../src/training/step-planner.ts';
import { configInUse } from '../../../src/training/config-in-use.ts';
import { buildTrainingGraph } from '../../../src/training/training-graph.ts';
import { hashState, madeUpExamples, tinyConfig, tinyHead, tinyJob, tinyJobOf } from '../tiny-task.ts';

const examples = madeUpExamples(61);

function open(job: TrainingJob, inParts = false, table = exampleTableOf(examples, 'class')) {
  const config = configInUse(job);
  const layout = modelLayout(config, job.head, job.recipe);
  const { head, recipe } = job;
  const graph = buildTrainingGraph({ config, head, recipe, inParts }, layout);
  const { groups } = layout;
  const planner = new StepPlanner(job, table, { ...graph, groups, inParts });
  return { layout, graph, planner };
}

async function hashAfter(
  job: TrainingJob,
  stepsPerRun: number,
  threads = 1,
  inParts = false,
  rows: readonly Example[] = examples,
): Promise<{ hash: string; losses: number[] }> {
  const { layout, graph, planner } = open(job, inParts, exampleTableOf(rows, 'class'));
  const runner = await StepRunner.open(graph, layout, job, { provider: 'cpu', threads });
  const losses: number[] = [];
  const decayUnused = unusedWordsDecay(configInUse(job), job.recipe, layout);
  for (let first = 0; first < planner.total; first += stepsPerRun) {
    const count = Math.min(stepsPerRun, planner.total - first);
    const plans = Array.from({ length: count }, (_, index) => planner.plan(first + index));
    const result = await runner.run(planner.prepare(plans), decayUnused);
    losses.push(...result.losses);
  }
  const hash = hashState(runner.state());
  await runner.close();
  return { hash, losses };
}

const half = Int32Array.from({ length: 60 }, (_, id) => id).filter((id) => id !== 0 && id !== 1);

/** Recipes that make the graph, its inputs or its state another. */
const recipes: readonly (readonly [string, TrainingJob])[] = [
  ['AdamW', tinyJob()],
  ['AdamW over a part of the vocabulary', await tinyJobOf({}, half)],
  [
    'SGD, a rate for each layer and no clipping',
    await tinyJobOf({ optimizer: 'sgd', layerDecay: 0.9, gradientClipping: null }),
  ],
  ['adapters', await tinyJobOf({ lora: { rank: 2, alpha: 4, dropout: 0.1 } })],
  ['a frozen part', await tinyJobOf({ freeze: { embeddings: true, layers: 1 } })],
];

describe.each(recipes)('a run of steps of %s with dropout', (_name, job) => {
  it('gives with 2, 8 and 24 steps a run the bytes of one step a run', async () => {
    const single = await hashAfter(job, 1);
    expect(single.losses).toHaveLength(24);
    for (const stepsPerRun of [2, 8, 24]) expect(await hashAfter(job, stepsPerRun)).toEqual(single);
  });
});

describe('a run of steps', () => {
  it('gives the same bytes each time on two threads', async () => {
    expect(await hashAfter(tinyJob(), 8, 2)).toEqual(await hashAfter(tinyJob(), 3, 2));
  });

  it('gives at this size the same bytes on one, two, four and six threads', async () => {
    const single = await hashAfter(tinyJob(), 8);
    for (const threads of [2, 4, 6]) expect(await hashAfter(tinyJob(), 8, threads)).toEqual(single);
  });

  it('gives other bytes with other dropout masks, and with another order', async () => {
    const { hash } = await hashAfter(tinyJob(), 8);
    const { seeds } = tinyJob().recipe;
    const dropout = await tinyJobOf({ seeds: { ...seeds, dropout: 12 } });
    expect((await hashAfter(dropout, 8)).hash).not.toBe(hash);
    expect((await hashAfter(await tinyJobOf({ seeds: { ...seeds, order: 12 } }), 8)).hash).not.toBe(hash);
  });

  describe('that has several parts', () => {
    const many = madeUpExamples(900);
    const batchSize = 400;

    it('gives the bytes of one step a run however many a run has', async () => {
      const job = await tinyJobOf({ batchSize });
      const { planner } = open(job, true, exampleTableOf(many, 'class'));
      expect([0, 1, 2].map((index) => planner.plan(index).parts.length)).toEqual([2, 2, 1]);
      const single = await hashAfter(job, 1, 1, true, many);
      for (const stepsPerRun of [2, 9])
        expect(await hashAfter(job, stepsPerRun, 1, true, many)).toEqual(single);
    });

    it('has without dropout the losses of steps in one part', async () => {
      const job = await tinyJobOf({ batchSize, dropout: 0, labelSmoothing: 0.1, classWeights: [0.5, 1, 2] });
      const { losses } = await hashAfter(job, 3, 1, true, many);
      const whole = await hashAfter(job, 3, 1, false, many);
      expect(losses).toHaveLength(9);
      losses.forEach((loss, index) => expect(loss).toBeCloseTo(whole.losses[index]!, 5));
    });
  });

  const graphOf = (changes: Partial<Recipe>, inParts = false) => {
    const recipe = { ...tinyJob().recipe, ...changes };
    const model = { config: tinyConfig, head: tinyHead, recipe, inParts };
    return buildTrainingGraph(model, modelLayout(tinyConfig, tinyHead, recipe));
  };

  it('is described by the same bytes of ONNX each time, and has no masks where dropout is 0', () => {
    const graph = graphOf({});
    expect(graphOf({}).model).toEqual(graph.model);
    expect(graph.dropoutSites).toHaveLength(1 + 3 * tinyConfig.layers + 1);
    expect(graphOf({}, true).dropoutSites).toEqual(graph.dropoutSites);
    expect(graphOf({ dropout: 0 }).dropoutSites).toEqual([]);
  });

  it('is described by the same bytes whatever the rate, its schedule, the decay and the seeds', () => {
    const { model } = graphOf({});
    const seeds = { head: 1, order: 2, dropout: 3 };
    const other = { learningRate: 1e-5, schedule: 'cosine', weightDecay: 0.5, seeds } as const;
    expect(graphOf(other).model).toEqual(model);
    expect(graphOf({ gradientClipping: null }).model).not.toEqual(model);
  });
});

describe('the length of runs', () => {
  const { planner } = open(tinyJob());
  const plan = planner.plan(0);
  const sequence = (): StepPlan => plan;
  const limits = { steps: 50, seconds: runSeconds(300), maskBytesOf: () => 0 };
  const pace = (seconds: number) => paceOf(planner.prepare([plan]).steps, seconds);

  it('is one step until it is known how long steps take', () => {
    expect(takeRun(sequence, unknownPace, limits)).toHaveLength(1);
  });

  it('fills at most 1.7 seconds, and at least one step', () => {
    expect(takeRun(sequence, pace(0.125), limits)).toHaveLength(13);
    expect(takeRun(sequence, pace(5), limits)).toHaveLength(1);
  });

  it('is a quarter of the time between two checkpoints where that is short', () => {
    const often = { ...limits, seconds: runSeconds(4) };
    expect(takeRun(sequence, pace(0.125), often)).toHaveLength(8);
  });

  it('counts a step with more tokens than the last as longer', () => {
    const { secondsPerStep, slotsPerStep } = pace(0.125);
    const short = { secondsPerStep, slotsPerStep: slotsPerStep / 2 };
    expect(takeRun(sequence, short, limits).length).toBeLessThanOrEqual(7);
  });

  it('ends at the limit, at the end of the plans, and where the masks grow too large', () => {
    expect(takeRun(sequence, pace(0.001), { ...limits, steps: 7 })).toHaveLength(7);
    const three = [0, 1, 2].map((index) => planner.plan(index));
    expect(takeRun(() => three.shift(), pace(0.001), limits)).toHaveLength(3);
    const large = { ...limits, maskBytesOf: () => 100 * 2 ** 20 };
    expect(takeRun(sequence, pace(0.001), large)).toHaveLength(2);
  });
});
