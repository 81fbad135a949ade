// The state before the first step.
import { describe, expect, it } from 'vitest';
import { decays, parameterSpecifications } from '../../src/training/bert/parameters.ts';
import { initialState } from '../../src/training/initial-state.ts';
import type { NamedTensor } from '../../src/training/job.ts';
import { createKeystream } from '../../src/training/random/keystream.ts';
import { labelCount, tinyConfig } from './tiny-task.ts';

function tensorOf(tensors: readonly NamedTensor[], name: string): NamedTensor {
  return tensors.find((tensor) => tensor.name === name)!;
}

const scratch = await initialState(tinyConfig, labelCount, 5, []);
const encoderOnly = scratch.parameters.filter(({ name }) => !name.startsWith('classifier.'));

describe('a state from scratch', () => {
  it('has every parameter of the model and moments of 0', () => {
    expect(scratch.step).toBe(0);
    expect(scratch.parameters.map(({ name }) => name)).toContain(
      'bert.encoder.layer.1.attention.self.query.weight',
    );
    expect(scratch.parameters).toHaveLength(5 + 2 * 16 + 4);
    for (const moments of [scratch.firstMoments, scratch.secondMoments]) {
      expect(moments.map(({ name, shape }) => [name, shape])).toEqual(
        scratch.parameters.map(({ name, shape }) => [name, shape]),
      );
      expect(moments.every(({ data }) => data.every((value) => value === 0))).toBe(true);
    }
  });

  it('has normal weights, biases of 0 and LayerNorm weights of 1', () => {
    const words = tensorOf(scratch.parameters, 'bert.embeddings.word_embeddings.weight').data;
    const deviation = Math.sqrt(words.reduce((sum, value) => sum + value * value, 0) / words.length);
    expect(deviation).toBeGreaterThan(0.018);
    expect(deviation).toBeLessThan(0.022);
    expect(new Set(tensorOf(scratch.parameters, 'bert.pooler.dense.bias').data)).toEqual(new Set([0]));
    expect(new Set(tensorOf(scratch.parameters, 'bert.embeddings.LayerNorm.weight').data)).toEqual(
      new Set([1]),
    );
  });

  it('is told by seed and name alone: another depth leaves the other tensors as they are', async () => {
    const deeper = await initialState({ ...tinyConfig, layers: 3 }, labelCount, 5, []);
    const name = 'classifier.weight';
    expect(tensorOf(deeper.parameters, name)).toEqual(tensorOf(scratch.parameters, name));
    const reseeded = await initialState(tinyConfig, labelCount, 6, []);
    expect(tensorOf(reseeded.parameters, name).data).not.toEqual(tensorOf(scratch.parameters, name).data);
  });
});

describe('the making of a large state', () => {
  /** Word embeddings of 5,000,000 elements, which take several turns. */
  const large = { ...tinyConfig, vocabularySize: 312_500 };

  it('gives other work its turn at least every 4 million elements, and is told of it', async () => {
    let calls = 0;
    let turns = 0;
    const others = setInterval(() => (turns += 1), 0);
    const state = await initialState(large, labelCount, 5, [], () => (calls += 1));
    clearInterval(others);
    expect(calls).toBeGreaterThan(state.parameters.length);
    expect(turns).toBeGreaterThan(1);
  });

  it('draws the bits that one uninterrupted reading of the keystream gives', async () => {
    const { data } = tensorOf(
      (await initialState(large, labelCount, 5, [])).parameters,
      'bert.embeddings.word_embeddings.weight',
    );
    const bytes = new Uint8Array(data.length * 4);
    createKeystream(5, 'initial/bert.embeddings.word_embeddings.weight').fill(0, 0, bytes);
    const words = new Uint32Array(bytes.buffer);
    for (const index of [0, 2 ** 20 - 2, 2 ** 20, 2 ** 22, data.length - 2]) {
      const radius = Math.sqrt(-2 * Math.log((words[index]! + 0.5) / 2 ** 32));
      const angle = (2 * Math.PI * words[index + 1]!) / 2 ** 32;
      expect(data[index]).toBe(Math.fround(0.02 * radius * Math.cos(angle)));
      expect(data[index + 1]).toBe(Math.fround(0.02 * radius * Math.sin(angle)));
    }
  });

  it('ends when who is told of it throws', async () => {
    const stop = (): never => {
      throw new Error('cancelled');
    };
    await expect(initialState(tinyConfig, labelCount, 5, [], stop)).rejects.toThrow('cancelled');
  });
});

describe('a state from pretrained tensors', () => {
  it('takes them over and draws a missing head from the seed', async () => {
    const state = await initialState(tinyConfig, labelCount, 9, encoderOnly);
    for (const { name, data } of encoderOnly) expect(tensorOf(state.parameters, name).data).toEqual(data);
    expect(tensorOf(state.parameters, 'classifier.weight').data).toEqual(
      tensorOf((await initialState(tinyConfig, labelCount, 9, [])).parameters, 'classifier.weight').data,
    );
  });

  it('draws a missing pooler too', async () => {
    const given = encoderOnly.filter(({ name }) => !name.startsWith('bert.pooler.'));
    expect((await initialState(tinyConfig, labelCount, 9, given)).parameters).toHaveLength(
      scratch.parameters.length,
    );
  });

  it('refuses a missing tensor of the encoder by name', async () => {
    const given = encoderOnly.filter(({ name }) => name !== 'bert.encoder.layer.0.output.dense.weight');
    await expect(initialState(tinyConfig, labelCount, 1, given)).rejects.toThrow(
      expect.objectContaining({
        code: 'model_incompatible',
        message: expect.stringContaining('layer.0.output.dense.weight') as string,
      }),
    );
  });

  it('refuses a tensor of another shape, and one that does not belong', async () => {
    await expect(
      initialState({ ...tinyConfig, vocabularySize: 61 }, labelCount, 1, encoderOnly),
    ).rejects.toThrow('word_embeddings.weight is [60, 16] and should be [61, 16]');
    const extra = { name: 'bert.encoder.layer.2.output.dense.bias', shape: [16], data: new Float32Array(16) };
    await expect(initialState(tinyConfig, labelCount, 1, [...encoderOnly, extra])).rejects.toThrow(
      'layer.2.output.dense.bias',
    );
  });
});

describe('weight decay', () => {
  it('applies to weights and embeddings, not to biases or LayerNorm', () => {
    const free = parameterSpecifications(tinyConfig, labelCount).filter(({ name }) => !decays(name));
    expect(free.every(({ shape }) => shape.length === 1)).toBe(true);
    expect(parameterSpecifications(tinyConfig, labelCount).filter(({ shape }) => shape.length === 1)).toEqual(
      free,
    );
  });
});
