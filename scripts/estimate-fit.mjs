// Fits the constants of the cost model of estimates to measured points.
import { memoryParts } from '../dist/src/estimate/memory.js';
import { stepWorkload } from '../dist/src/estimate/workload.js';
import { headOf } from './estimate-points.mjs';
import { fit } from './relative-fit.mjs';
import { configOf, recipeOf } from './training-setup.mjs';

/** A training of the table as the cost model takes it. */
function estimated(point) {
  const { sizes, words, batchSize, longest, tokensPerStep } = point;
  const recipe = recipeOf({ batchSize, ...point.recipe });
  const training = {
    config: configOf(sizes),
    head: headOf(point),
    recipe: { ...recipe, optimizer: { name: recipe.optimizer } },
    vocabularySize: words,
  };
  return {
    shape: { tokens: tokensPerStep, width: longest },
    training,
    memory: {
      ...training,
      longest,
      batchTokens: tokensPerStep,
      evaluationTokens: (point.evaluationBatchSize ?? 0) * longest,
      stepSeconds: 0,
      everySteps: point.longestRun,
    },
  };
}

/** Prints the constants of src/estimate/ that fit measured points best, and the error at each point. */
export function fitEstimates(points) {
  const all = points.map(estimated);
  const memory = all.map((point) => ({ processBytes: 1, ...memoryParts(point.memory) }));
  const work = all.map(({ training, shape }) => stepWorkload(training, shape));
  const fitTo = (what, parts, measured) =>
    fit(
      what,
      Object.keys(parts[0]),
      parts.map((part) => Object.values(part)),
      measured,
      points,
    );
  fitTo(
    'copies',
    memory,
    points.map(({ peakBytes }) => peakBytes),
  );
  fitTo(
    'referenceSeconds',
    work,
    points.map(({ processorSeconds }) => processorSeconds),
  );
}
