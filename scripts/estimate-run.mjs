// One training for the cost model of estimates, measured in this process: its peak of memory and the seconds of a step.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headOf } from './estimate-points.mjs';
import { configOf, madeUpExamples, recipeOf } from './training-setup.mjs';

/** Enough for runs of many steps where steps are short, and for two checkpoints where they are long. */
function lengthOf({ sizes, batchSize, shortest, longest, recipe }) {
  const tokens = (batchSize * (recipe?.gradientAccumulation ?? 1) * (shortest + longest)) / 2;
  const affordable = Math.floor(
    2e12 / (tokens * sizes.layers * sizes.hiddenSize * sizes.intermediateSize * 12 * 6),
  );
  const steps = Math.max(10, Math.min(200, affordable));
  return { steps, everySteps: Math.ceil(steps / 2) };
}

function jobOf(point) {
  const { sizes, words, batchSize, shortest, longest } = point;
  const recipe = recipeOf({ batchSize, ...point.recipe });
  const count = lengthOf(point).steps * batchSize * recipe.gradientAccumulation;
  return {
    config: configOf(sizes),
    head: headOf(point),
    recipe,
    examples: madeUpExamples(count, (index) => shortest + ((index * 7919) % (longest - shortest + 1)), words),
    vocabulary: Int32Array.from({ length: words }, (_, id) => id),
  };
}

/** Evaluates now and then on the training examples, where a point asks for it. */
function evaluationOf({ evaluationBatchSize: batchSize }, examples) {
  if (batchSize === undefined) return null;
  return {
    examples: { examples, targetKind: 'class' },
    batchSize,
    labelNames: ['0', '1'],
    everySteps: 4,
    metric: 'accuracy',
    higherIsBetter: true,
    patience: null,
  };
}

/**
 * Runs one point in this process, which has loaded all that a training worker loads.
 * @returns the point with peakBytes, processorSeconds of a step, tokensPerStep and longestRun
 */
export async function measureEstimatePoint(point, threads) {
  await import('@temporalio/worker');
  await import('../dist/workers/activities/fine-tune-bert.js');
  await import('../dist/src/database/client.js');
  const { startTraining } = await import('../dist/src/training/trainer.js');
  const { initialParameters } = await import('../dist/src/training/initial-parameters.js');
  const { trainableModel } = await import('../dist/src/training/trainable.js');
  const { safetensorsFile } = await import('../dist/src/model/safetensors.js');
  const { config, head, recipe, examples, vocabulary } = jobOf(point);
  const directory = mkdtempSync(join(tmpdir(), 'estimate-'));
  const keep = (tensors) => {
    const file = openSync(join(directory, 'state'), 'w');
    for (const part of safetensorsFile(tensors).parts) writeSync(file, part);
    closeSync(file);
  };
  const start = (whole) => trainableModel({ config, head, vocabulary }, recipe, whole);
  const run = startTraining({
    config,
    head,
    recipe,
    vocabulary,
    firstStep: 0,
    masking: point.masked
      ? { maskId: 3, specialIds: new Set([0, 1, 2, 3]), vocabularySize: point.words }
      : null,
    evaluation: evaluationOf(point, examples),
    threads,
    provider: 'cpu',
    examples: { examples, targetKind: 'class' },
    checkpoint: { everySteps: lengthOf(point).everySteps, everySeconds: 1e9 },
    ...(await start(await initialParameters({ config, head }, 1, []))),
  });
  const runs = [];
  let used = process.cpuUsage();
  for await (const event of run.events) {
    if (event.kind === 'steps') {
      const { user, system } = process.cpuUsage(used);
      runs.push({ seconds: event.seconds, processorSeconds: (user + system) / 1e6, steps: event.steps });
    }
    if (event.kind === 'checkpoint') {
      keep(event.state.parameters);
      keep(event.state.firstMoments);
      keep(event.state.secondMoments);
    }
    used = process.cpuUsage();
  }
  rmSync(directory, { recursive: true });
  const later = runs.slice(2);
  const stepsDone = later.reduce((sum, run) => sum + run.steps.length, 0);
  const tokens = later.flatMap((run) => run.steps).reduce((sum, step) => sum + step.tokens, 0);
  return {
    ...point,
    threads,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    processorSeconds: Math.min(...later.map((run) => run.processorSeconds / run.steps.length)),
    tokensPerStep: tokens / stepsDone,
    longestRun: Math.max(...runs.map((run) => run.steps.length)),
  };
}
