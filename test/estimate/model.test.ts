// The counts of an estimate, held against the layout that the engine trains and the files that checkpoints are.
import { describe, expect, it } from 'vitest';
import { checkpointBytes } from '../../src/estimate/checkpoint.ts';
import {
  parameterCounts,
  wholeModelParameters,
  type EstimatedHead,
  type EstimatedRecipe,
} from '../../src/estimate/model.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';
import { safetensorsFile } from '../../src/model/safetensors.ts';
import { parameterSpecifications } from '../../src/training/bert/parameters.ts';
import type { BertConfig } from '../../src/training/job.ts';
import { modelLayout } from '../../src/training/model-layout.ts';
import { familiesOf } from './families.ts';

const families = familiesOf({ hiddenSize: 48, layers: 3, heads: 4, intermediateSize: 96 });

const heads: readonly EstimatedHead[] = [
  { task: 'classification', labelCount: 5 },
  { task: 'regression', labelCount: 1 },
  { task: 'tokenClassification', labelCount: 7 },
  { task: 'maskedLanguage', labelCount: 0 },
];

const recipes: Readonly<Record<string, Partial<EstimatedRecipe>>> = {
  'everything trained': {},
  'embeddings frozen': { freeze: { embeddings: true, layers: 0 } },
  'two layers frozen': { freeze: { embeddings: false, layers: 2 } },
  'adapters alone': { lora: { rank: 4, alpha: 8, dropout: 0 } },
};

function layoutOf(config: BertConfig, head: EstimatedHead, { freeze, lora }: EstimatedRecipe) {
  return modelLayout(config, head, { freeze, lora, layerDecay: null });
}

function values(shapes: Iterable<readonly number[]>): number {
  return [...shapes].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

describe.each(Object.keys(recipes))('with %s', (name) => {
  const recipe: EstimatedRecipe = { ...trainingDefaults, ...recipes[name] };
  it.each(
    families.flatMap((config) => heads.map((head) => [config.family, head.task, config, head] as const)),
  )('counts of %s for %s are those of the engine’s layout', (_family, _task, config, head) => {
    const layout = layoutOf(config, head, recipe);
    const { trained, frozen } = parameterCounts({
      config,
      head,
      recipe,
      vocabularySize: config.vocabularySize,
    });
    expect(trained).toEqual({
      values: values(layout.trainedShapes.values()),
      tensors: layout.trainedShapes.size,
    });
    expect(frozen).toEqual({
      values: values(layout.frozenShapes.values()),
      tensors: layout.frozenShapes.size,
    });
  });
});

it('a whole model has as many values as its parameters', () => {
  for (const config of families)
    for (const head of heads)
      expect(wholeModelParameters({ config, head })).toBe(
        values(parameterSpecifications(config, head).map(({ shape }) => shape)),
      );
});

it.each(['adamw', 'sgd'] as const)('a checkpoint of %s is as large as its files, to a hundredth', (name) => {
  const [config] = families;
  const [head] = heads;
  if (config === undefined || head === undefined) throw new Error('there is no model');
  const large = { ...config, hiddenSize: 192, intermediateSize: 768, vocabularySize: 2000 };
  const recipe: EstimatedRecipe = { ...trainingDefaults, optimizer: { name } };
  const tensors = [...layoutOf(large, head, recipe).trainedShapes].map(([tensor, shape]) => ({
    name: tensor,
    shape,
    data: new Float32Array(values([shape])),
  }));
  const files = safetensorsFile(tensors).parts.reduce((sum, part) => sum + part.byteLength, 0);
  const estimated = checkpointBytes({ config: large, head, recipe, vocabularySize: 2000 });
  expect(estimated / (files * (name === 'sgd' ? 2 : 3))).toBeCloseTo(1, 2);
});
