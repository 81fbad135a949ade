// The parameters of a model before the first step: drawn, or taken over and checked.
import { describe, expect, it } from 'vitest';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import type { BertConfig, NamedTensor } from '../../src/training/job.ts';
import { createKeystream } from '../../src/training/random/keystream.ts';
import { tinyConfig, tinyHead } from './tiny-task.ts';

function parametersOf(
  config: BertConfig,
  seed: number,
  given: readonly NamedTensor[] = [],
  onProgress?: () => void,
): Promise<NamedTensor[]> {
  return initialParameters({ config, head: tinyHead }, seed, given, onProgress);
}

function tensorOf(tensors: readonly NamedTensor[], name: string): NamedTensor {
  return tensors.find((tensor) => tensor.name === name)!;
}

const scratch = await parametersOf(tinyConfig, 5);
const encoderOnly = scratch.filter(({ name }) => !name.startsWith('classifier.'));

describe('a model from scratch', () => {
  it('has every parameter', () => {
    const names = scratch.map(({ name }) => name);
    expect(names).toContain('bert.encoder.layer.1.attention.self.query.weight');
    expect(scratch).toHaveLength(5 + 2 * 16 + 4);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has normal weights, biases of 0 and LayerNorm weights of 1', () => {
    const words = tensorOf(scratch, 'bert.embeddings.word_embeddings.weight').data;
    const deviation = Math.sqrt(words.reduce((sum, value) => sum + value * value, 0) / words.length);
    expect(deviation).toBeGreaterThan(0.018);
    expect(deviation).toBeLessThan(0.022);
    expect(new Set(tensorOf(scratch, 'bert.pooler.dense.bias').data)).toEqual(new Set([0]));
    expect(new Set(tensorOf(scratch, 'bert.embeddings.LayerNorm.weight').data)).toEqual(new Set([1]));
  });

  it('is told by seed and name alone: another depth leaves the other tensors as they are', async () => {
    const deeper = await parametersOf({ ...tinyConfig, layers: 3 }, 5);
    const name = 'classifier.weight';
    expect(tensorOf(deeper, name)).toEqual(tensorOf(scratch, name));
    expect(tensorOf(await parametersOf(tinyConfig, 6), name).data).not.toEqual(tensorOf(scratch, name).data);
  });

  it('has the names of its family, and no table of token types where there are none', async () => {
    const distilbert = await parametersOf({ ...tinyConfig, family: 'distilbert', typeVocabularySize: 0 }, 5);
    const names = distilbert.map(({ name }) => name);
    expect(names).toContain('distilbert.transformer.layer.0.attention.q_lin.weight');
    expect(names).toContain('pre_classifier.weight');
    expect(names.filter((name) => name.includes('token_type'))).toEqual([]);
    const roberta = await parametersOf({ ...tinyConfig, family: 'roberta', typeVocabularySize: 1 }, 5);
    expect(roberta.map(({ name }) => name)).toContain('classifier.out_proj.weight');
  });
});

describe('the making of a large model', () => {
  /** Word embeddings of 5,000,000 elements, which take several turns. */
  const large = { ...tinyConfig, vocabularySize: 312_500 };

  it('gives other work its turn at least every 4 million elements, and is told of it', async () => {
    let calls = 0;
    let turns = 0;
    const others = setInterval(() => (turns += 1), 0);
    const parameters = await parametersOf(large, 5, [], () => (calls += 1));
    clearInterval(others);
    expect(calls).toBeGreaterThan(parameters.length);
    expect(turns).toBeGreaterThan(1);
  });

  it('draws the bits that one uninterrupted reading of the keystream gives', async () => {
    const name = 'bert.embeddings.word_embeddings.weight';
    const { data } = tensorOf(await parametersOf(large, 5), name);
    const bytes = new Uint8Array(data.length * 4);
    createKeystream(5, `initial/${name}`).fill(0, 0, bytes);
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
    await expect(parametersOf(tinyConfig, 5, [], stop)).rejects.toThrow('cancelled');
  });
});

describe('a model from pretrained tensors', () => {
  it('takes them over and draws a missing head from the seed', async () => {
    const parameters = await parametersOf(tinyConfig, 9, encoderOnly);
    for (const { name, data } of encoderOnly) expect(tensorOf(parameters, name).data).toEqual(data);
    expect(tensorOf(parameters, 'classifier.weight').data).toEqual(
      tensorOf(await parametersOf(tinyConfig, 9), 'classifier.weight').data,
    );
  });

  it('draws a missing pooler too', async () => {
    const given = encoderOnly.filter(({ name }) => !name.startsWith('bert.pooler.'));
    expect(await parametersOf(tinyConfig, 9, given)).toHaveLength(scratch.length);
  });

  it('refuses a missing tensor of the encoder by name', async () => {
    const given = encoderOnly.filter(({ name }) => name !== 'bert.encoder.layer.0.output.dense.weight');
    await expect(parametersOf(tinyConfig, 1, given)).rejects.toThrow(
      expect.objectContaining({
        code: 'model_incompatible',
        message: expect.stringContaining('layer.0.output.dense.weight') as string,
      }),
    );
  });

  it('refuses a tensor of another shape, and one that does not belong', async () => {
    await expect(parametersOf({ ...tinyConfig, vocabularySize: 61 }, 1, encoderOnly)).rejects.toThrow(
      'word_embeddings.weight is [60, 16] and should be [61, 16]',
    );
    const extra = { name: 'bert.encoder.layer.2.output.dense.bias', shape: [16], data: new Float32Array(16) };
    await expect(parametersOf(tinyConfig, 1, [...encoderOnly, extra])).rejects.toThrow(
      'layer.2.output.dense.bias',
    );
  });
});
