// What a recipe trains and what it leaves: the state at step 0, the frozen rest, and the words in use.
import { describe, expect, it } from 'vitest';
import { parameterSpecifications } from '../../src/training/bert/parameters.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import type { ModelHead, NamedTensor, Recipe } from '../../src/training/job.ts';
import { modelLayout } from '../../src/training/model-layout.ts';
import { gatherSlot, namedTensors } from '../../src/training/state-slots.ts';
import { trainableModel } from '../../src/training/trainable.ts';
import { plainRecipe } from './plain-recipe.ts';
import { tinyConfig, tinyHead } from './tiny-task.ts';

const whole = await initialParameters({ config: tinyConfig, head: tinyHead }, 5, []);

function trainable(changes: Partial<Recipe>, vocabulary: Int32Array | null = null) {
  const model = { config: tinyConfig, head: tinyHead, vocabulary };
  return trainableModel(model, { ...plainRecipe, ...changes }, whole);
}

function namesOf(tensors: readonly NamedTensor[]): string[] {
  return tensors.map(({ name }) => name);
}

const words = 'bert.embeddings.word_embeddings.weight';

describe('the state at step 0', () => {
  it('has every parameter and moments of 0', async () => {
    const { start, frozen } = await trainable({});
    expect(start.step).toBe(0);
    expect(start.unusedWords).toEqual({ scale: 1, momentum: 0 });
    expect(start.parameters).toEqual(whole);
    expect(frozen).toEqual([]);
    for (const moments of [start.firstMoments, start.secondMoments]) {
      expect(moments.map(({ name, shape }) => [name, shape])).toEqual(
        start.parameters.map(({ name, shape }) => [name, shape]),
      );
      expect(moments.every(({ data }) => data.every((value) => value === 0))).toBe(true);
    }
  });

  it('has one moment with SGD', async () => {
    const { start } = await trainable({ optimizer: 'sgd' });
    expect(start.firstMoments).toHaveLength(start.parameters.length);
    expect(start.secondMoments).toEqual([]);
  });
});

describe('freezing', () => {
  it('leaves the embeddings, the lowest layers, or both', async () => {
    const lowest = await trainable({ freeze: { embeddings: false, layers: 1 } });
    expect(namesOf(lowest.frozen)).toEqual(
      namesOf(whole).filter((name) => name.startsWith('bert.encoder.layer.0.')),
    );
    const both = await trainable({ freeze: { embeddings: true, layers: 1 } });
    expect(namesOf(both.frozen)).toEqual(
      namesOf(whole).filter((name) => /^bert\.(?:embeddings|encoder\.layer\.0)\./.test(name)),
    );
    for (const { start, frozen } of [lowest, both])
      expect([...namesOf(start.parameters), ...namesOf(frozen)].sort()).toEqual(namesOf(whole).sort());
  });

  it('never leaves the head', async () => {
    const { start } = await trainable({ freeze: { embeddings: true, layers: 2 } });
    expect(namesOf(start.parameters)).toEqual([
      'bert.pooler.dense.weight',
      'bert.pooler.dense.bias',
      'classifier.weight',
      'classifier.bias',
    ]);
  });
});

describe('adapters', () => {
  it('are trained with the head, and nothing else is', async () => {
    const { start, frozen } = await trainable({ lora: { rank: 3, alpha: 6, dropout: 0 } });
    expect(start.parameters).toHaveLength(4 + 2 * 6 * 2);
    expect(namesOf(frozen)).toEqual(namesOf(whole).filter((name) => /^bert\.(?:emb|enc)/.test(name)));
    const byName = new Map(start.parameters.map((tensor) => [tensor.name, tensor]));
    const a = byName.get('bert.encoder.layer.1.output.dense.lora_A.weight')!;
    const b = byName.get('bert.encoder.layer.1.output.dense.lora_B.weight')!;
    expect([a.shape, b.shape]).toEqual([
      [3, 32],
      [16, 3],
    ]);
    expect(new Set(b.data)).toEqual(new Set([0]));
  });

  it('start as PyTorch draws linear layers: evenly within one over the root of the inputs', async () => {
    const { start } = await trainable({ lora: { rank: 16, alpha: 6, dropout: 0 } });
    const { data } = start.parameters.find(({ name }) => name.endsWith('1.output.dense.lora_A.weight'))!;
    const bound = 1 / Math.sqrt(32);
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...data)).toBeGreaterThan(0.98 * bound);
    expect(Math.min(...data)).toBeLessThan(-0.98 * bound);
    const variance = data.reduce((sum, value) => sum + value * value, 0) / data.length;
    // Five standard deviations of the variance of 512 even draws.
    expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan((5 * Math.sqrt(0.8)) / Math.sqrt(512));
  });

  it('are drawn from the seed of the head, and the same for the same seed', async () => {
    const lora = { rank: 2, alpha: 4, dropout: 0 };
    const { start } = await trainable({ lora });
    expect((await trainable({ lora })).start).toEqual(start);
    const seeds = { head: 12, order: 11, dropout: 11 };
    expect((await trainable({ lora, seeds })).start).not.toEqual(start);
    const others = { head: 11, order: 1, dropout: 2 };
    expect((await trainable({ lora, seeds: others })).start).toEqual(start);
  });
});

describe('a vocabulary in use', () => {
  it('leaves only its rows in the table of words, in its order', async () => {
    const vocabulary = Int32Array.of(2, 3, 59);
    const { start } = await trainable({}, vocabulary);
    const table = start.parameters.find(({ name }) => name === words)!;
    const full = whole.find(({ name }) => name === words)!;
    expect(table.shape).toEqual([3, 16]);
    vocabulary.forEach((id, row) =>
      expect(table.data.slice(row * 16, row * 16 + 16)).toEqual(full.data.slice(id * 16, id * 16 + 16)),
    );
    expect(start.firstMoments.find(({ name }) => name === words)!.data).toHaveLength(48);
  });

  it('is refused when it names a word that the model lacks', async () => {
    await expect(trainable({}, Int32Array.of(2, 60))).rejects.toMatchObject({ code: 'model_incompatible' });
  });
});

describe('weight decay', () => {
  const heads: readonly (readonly [string, ModelHead])[] = [
    ['classification', tinyHead],
    ['masked language', { task: 'maskedLanguage', labelCount: 60 }],
  ];

  it.each(heads)('applies for %s to weights and embeddings, not to biases or LayerNorm', (_name, head) => {
    const { trained } = modelLayout(tinyConfig, head, plainRecipe);
    const tensors = (decays: boolean): string[] =>
      [...new Set(trained.filter((slot) => slot.decays === decays).flatMap(({ pieces }) => pieces))]
        .map(({ tensor }) => tensor)
        .sort();
    const free = parameterSpecifications(tinyConfig, head)
      .map(({ name }) => name)
      .filter((name) => name.endsWith('.bias') || name.includes('LayerNorm'));
    expect(tensors(false)).toEqual(free.sort());
    expect(tensors(true).filter((name) => free.includes(name))).toEqual([]);
  });

  it('applies to adapters', () => {
    const recipe = { ...plainRecipe, lora: { rank: 2, alpha: 4, dropout: 0 } };
    const { trained } = modelLayout(tinyConfig, tinyHead, recipe);
    const adapters = trained.filter(({ name }) => name.includes('lora'));
    expect(adapters).toHaveLength(2 * 6 * 2);
    expect(adapters.every(({ decays }) => decays)).toBe(true);
  });
});

describe('the rates of groups', () => {
  it('fall from the head to the embeddings by the decay of each layer', () => {
    const { groups, trained } = modelLayout(tinyConfig, tinyHead, { ...plainRecipe, layerDecay: 0.5 });
    expect(groups).toEqual([0.125, 0.25, 0.5, 1]);
    const rateOf = (tensor: string): number | undefined =>
      groups[trained.find(({ pieces }) => pieces.some((piece) => piece.tensor === tensor))!.group];
    expect(rateOf(words)).toBe(0.125);
    expect(rateOf('bert.embeddings.LayerNorm.bias')).toBe(0.125);
    expect(rateOf('bert.encoder.layer.0.attention.self.key.weight')).toBe(0.25);
    expect(rateOf('bert.encoder.layer.1.output.dense.bias')).toBe(0.5);
    expect(rateOf('classifier.weight')).toBe(1);
    expect(rateOf('classifier.bias')).toBe(1);
  });
});

describe('the slots of a state', () => {
  it.each([
    ['as it is', {}],
    ['with adapters', { lora: { rank: 2, alpha: 4, dropout: 0 } }],
    ['partly frozen, a rate a layer', { freeze: { embeddings: true, layers: 0 }, layerDecay: 0.9 }],
  ] satisfies [string, Partial<Recipe>][])(
    'give back every tensor of a model %s bit for bit',
    async (_, changes) => {
      const recipe = { ...plainRecipe, ...changes };
      const { start, frozen } = await trainable(changes);
      const layout = modelLayout(tinyConfig, tinyHead, recipe);
      for (const [slots, shapes, tensors] of [
        [layout.trained, layout.trainedShapes, start.parameters],
        [layout.frozen, layout.frozenShapes, frozen],
      ] as const) {
        const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
        const held = slots.map((slot) => ({ slot, data: gatherSlot(slot, byName) }));
        expect(namedTensors(held, shapes)).toEqual(tensors);
      }
    },
  );

  it('cut a large table of words into blocks, and put it together again', async () => {
    const config = { ...tinyConfig, vocabularySize: 70_001 };
    const parameters = await initialParameters({ config, head: tinyHead }, 5, []);
    const { trained, trainedShapes } = modelLayout(config, tinyHead, plainRecipe);
    const blocks = trained.filter(({ name }) => name.includes('.block_'));
    expect(blocks.length).toBeGreaterThan(1);
    expect(Math.max(...blocks.map(({ shape }) => shape[0]! * shape[1]!))).toBeLessThanOrEqual(500_000 + 16);
    const byName = new Map(parameters.map((tensor) => [tensor.name, tensor]));
    const held = trained.map((slot) => ({ slot, data: gatherSlot(slot, byName) }));
    expect(namedTensors(held, trainedShapes)).toEqual(parameters);
  });

  it('refuse a state that lacks a tensor, or has too short a one', async () => {
    const { start } = await trainable({});
    const { trained } = modelLayout(tinyConfig, tinyHead, plainRecipe);
    const slot = trained.find(({ name }) => name.startsWith(words))!;
    expect(() => gatherSlot(slot, new Map())).toThrow(`lacks ${words}`);
    const table = start.parameters.find(({ name }) => name === words)!;
    const short = { ...table, data: table.data.subarray(1) };
    expect(() => gatherSlot(slot, new Map([[words, short]]))).toThrow('too short');
  });
});
