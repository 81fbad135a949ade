// What the steps of a training cost by themselves: preparing them, copying the state of a run, their matrix products.
import { modelLayout } from '../dist/src/training/model-layout.js';
import { graphStatistics } from '../dist/src/training/graph-statistics.js';
import { StepRunner } from '../dist/src/training/runtime/step-runner.js';
import { needsParts } from '../dist/src/training/step-parts.js';
import { StepPlanner } from '../dist/src/training/step-planner.js';
import { buildTrainingGraph } from '../dist/src/training/training-graph.js';
import { configInUse } from '../dist/src/training/config-in-use.js';
import { measureProducts } from './gemm-rate.mjs';
import { sizesOf } from './training-setup.mjs';

/** Steps over which preparation and padding are averaged; runs without a step that are timed. */
const plannedSteps = 8;
const emptyRuns = 5;

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/**
 * The floating-point operations that a model needs for a step over real tokens: of its matrices on each token, and of
 * attention on each pair of tokens of a sequence; three times, for the backward pass has two products for each.
 */
function modelFlops({ hiddenSize, intermediateSize, layers }, { examples, tokens }) {
  const perToken = 2 * layers * (4 * hiddenSize * hiddenSize + 2 * hiddenSize * intermediateSize);
  const pairs = examples.reduce((sum, { tokenIds }) => sum + tokenIds.length ** 2, 0);
  return 3 * (perToken * tokens + 4 * layers * hiddenSize * pairs);
}

/** Seconds that a run takes that makes no step: its inputs and the state go in, the state comes out. */
async function copyingSeconds(graph, layout, { start, frozen }, prepared, threads) {
  const runner = await StepRunner.open(graph, layout, { start, frozen }, { provider: 'cpu', threads });
  const times = [];
  for (let count = 0; count < emptyRuns; count++) {
    const started = performance.now();
    await runner.run({ steps: [], inputs: prepared.inputs }, (unused) => unused);
    times.push((performance.now() - started) / 1000);
  }
  await runner.close();
  return median(times);
}

/**
 * @param job - plan, start and frozen of a training
 * @param realTokens - of a step, where examples are filled with others
 * @returns preparationSeconds, slots, realFlops of a step; copyingSeconds of a run; paddingShare; products or null
 */
export async function stepCost({ plan, start, frozen }, table, { threads, withProducts, realTokens }) {
  const config = configInUse(plan);
  const layout = modelLayout(config, plan.head, plan.recipe);
  const inParts = needsParts(table, plan.recipe);
  const graph = buildTrainingGraph({ config, head: plan.head, recipe: plan.recipe, inParts }, layout);
  const planner = new StepPlanner(plan, table, {
    groups: layout.groups,
    dropoutSites: graph.dropoutSites,
    inParts,
  });
  const count = Math.min(plannedSteps, planner.total);
  const started = performance.now();
  const plans = Array.from({ length: count }, (_, index) => planner.plan(index));
  const prepared = planner.prepare(plans);
  const preparationSeconds = (performance.now() - started) / 1000 / count;
  const sum = (value) => prepared.steps.reduce((total, step) => total + value(step), 0) / count;
  const [slots, tokens] = [sum((step) => step.slots), sum((step) => step.tokens)];
  const flops =
    plans.flatMap(({ parts }) => parts).reduce((total, { batch }) => total + modelFlops(config, batch), 0) /
    count;
  // The step with the number of slots nearest to the mean stands for all.
  const distance = (index) => Math.abs(prepared.steps[index].slots - slots);
  const typical = plans.reduce((best, _, index) => (distance(index) < distance(best) ? index : best), 0);
  const { parts } = plans[typical];
  const statistics = graphStatistics(graph.step, sizesOf(parts[0].batch, graph), parts.length);
  return {
    preparationSeconds,
    slots,
    paddingShare: 1 - tokens / slots,
    realFlops: (flops * realTokens) / tokens,
    copyingSeconds: await copyingSeconds(graph, layout, { start, frozen }, prepared, threads),
    products: withProducts ? await measureProducts(statistics.products, threads) : null,
  };
}
