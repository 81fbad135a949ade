// The cost model against measured runs: points.json, which scripts/bench-estimate.mjs measures anew.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { trainingMemoryBytes } from '../../src/estimate/memory.ts';
import type { EstimatedRecipe, EstimatedTraining } from '../../src/estimate/model.ts';
import { referenceStepSeconds } from '../../src/estimate/time.ts';
import { stepWorkload } from '../../src/estimate/workload.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';

/** A run: its data, and what it took. */
interface MeasuredPoint {
  readonly name: string;
  readonly sizes: Pick<EstimatedTraining['config'], 'layers' | 'hiddenSize' | 'heads' | 'intermediateSize'>;
  readonly words: number;
  readonly batchSize: number;
  readonly longest: number;
  readonly evaluationBatchSize?: number;
  readonly masked?: boolean;
  readonly recipe?: Partial<Omit<EstimatedRecipe, 'optimizer'>> & { readonly optimizer?: 'adamw' | 'sgd' };
  readonly tokensPerStep: number;
  /** Steps of the longest run of the engine. */
  readonly longestRun: number;
  readonly peakBytes: number;
  /** Of a step, on one thread. */
  readonly processorSeconds: number;
}

const file = new URL('points.json', import.meta.url);
const { points } = JSON.parse(readFileSync(file, 'utf8')) as { readonly points: readonly MeasuredPoint[] };

const mostMemoryError = 0.15;
const mostTimeError = 0.25;

function trainingOf({ sizes, words, batchSize, masked, recipe = {} }: MeasuredPoint): EstimatedTraining {
  return {
    config: { ...sizes, family: 'bert', vocabularySize: 30_522, maxPositions: 512, typeVocabularySize: 2 },
    head:
      masked === true ? { task: 'maskedLanguage', labelCount: 0 } : { task: 'classification', labelCount: 2 },
    recipe: { ...trainingDefaults, batchSize, ...recipe, optimizer: { name: recipe.optimizer ?? 'adamw' } },
    vocabularySize: words,
  };
}

function memoryOf(point: MeasuredPoint): number {
  return trainingMemoryBytes({
    ...trainingOf(point),
    longest: point.longest,
    batchTokens: point.tokensPerStep,
    evaluationTokens: (point.evaluationBatchSize ?? 0) * point.longest,
    stepSeconds: 0,
    everySteps: point.longestRun,
  });
}

describe.each(points)('$name', (point) => {
  it('takes the memory that is estimated, within 15 %', () => {
    expect(Math.abs(memoryOf(point) / point.peakBytes - 1)).toBeLessThan(mostMemoryError);
  });

  it('takes the time that is estimated on the machine it was measured on, within 25 %', () => {
    const workload = stepWorkload(trainingOf(point), { tokens: point.tokensPerStep, width: point.longest });
    const error = Math.abs(referenceStepSeconds(workload) / point.processorSeconds - 1);
    expect(error).toBeLessThan(mostTimeError);
  });
});

it('the points cover every recipe that memory depends on', () => {
  const recipes = points.map(({ recipe }) => Object.keys(recipe ?? {})).flat();
  expect([...new Set(recipes)].sort()).toEqual([
    'dropout',
    'freeze',
    'gradientAccumulation',
    'lora',
    'optimizer',
  ]);
});
