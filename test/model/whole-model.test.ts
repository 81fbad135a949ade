// Putting a whole model together: trained tensors over those before, unused words scaled once, adapters merged.
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors, readSafetensors, type NamedTensor } from '../../src/model/safetensors.ts';
import {
  wholeModelFile,
  wholeModelTensors,
  type TensorFile,
  type WholeModelParts,
} from '../../src/model/whole-model.ts';

const words = 'bert.embeddings.word_embeddings.weight';
const dense = 'bert.encoder.layer.0.output.dense';

function tensor(name: string, shape: number[], values: readonly number[]): NamedTensor {
  return { name, shape, data: Float32Array.from(values) };
}

function fileOf(tensors: readonly NamedTensor[]): TensorFile {
  const bytes = encodeSafetensors(tensors);
  return {
    sizeBytes: bytes.length,
    open: () =>
      Promise.resolve(Readable.from([bytes.subarray(0, 30), bytes.subarray(30)], { objectMode: false })),
  };
}

const base = [
  tensor(words, [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
  tensor(`${dense}.weight`, [2, 3], [1, 0, 0, 0, 1, 0]),
  tensor(`${dense}.bias`, [2], [10, 20]),
  tensor('classifier.bias', [1], [0]),
];
const plain: WholeModelParts = {
  base: fileOf(base),
  trained: fileOf([]),
  vocabulary: null,
  unusedWordScale: 1,
  lora: null,
};

async function merged(changes: Partial<WholeModelParts>): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for await (const { name, data } of wholeModelTensors({ ...plain, ...changes })) found.set(name, [...data]);
  return found;
}

describe('a whole model', () => {
  it('is what it was before training where nothing was trained', async () => {
    const tensors = await merged({});
    expect([...tensors.keys()]).toEqual(base.map(({ name }) => name).sort());
    for (const { name, data } of base) expect(tensors.get(name)).toEqual([...data]);
  });

  it('has the trained tensors in place of those before', async () => {
    const tensors = await merged({ trained: fileOf([tensor('classifier.bias', [1], [3])]) });
    expect(tensors.get('classifier.bias')).toEqual([3]);
    expect(tensors.get(`${dense}.bias`)).toEqual([10, 20]);
  });

  it('has the trained rows of the words in use, and the others scaled once', async () => {
    const tensors = await merged({
      trained: fileOf([tensor(words, [2, 2], [-1, -2, -3, -4])]),
      vocabulary: Int32Array.of(1, 3),
      unusedWordScale: 0.5,
    });
    expect(tensors.get(words)).toEqual([0.5, 1, -1, -2, 2.5, 3, -3, -4]);
  });

  it('leaves words alone that were not trained at all', async () => {
    const tensors = await merged({ vocabulary: Int32Array.of(1, 3), unusedWordScale: 0.5 });
    expect(tensors.get(words)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('has adapters merged into their weights: W + alpha / rank * B A', async () => {
    const adapters = [
      tensor(`${dense}.lora_A.weight`, [2, 3], [1, 2, 3, 4, 5, 6]),
      tensor(`${dense}.lora_B.weight`, [2, 2], [1, 0, 0, 2]),
    ];
    const lora = { rank: 2, alpha: 4 };
    const tensors = await merged({ trained: fileOf(adapters), lora });
    // B A = [[1, 2, 3], [8, 10, 12]], and alpha / rank is 2.
    expect(tensors.get(`${dense}.weight`)).toEqual([3, 4, 6, 16, 21, 24]);
    expect(tensors.has(`${dense}.lora_A.weight`)).toBe(false);
  });

  it('is a file whose size is known before its bytes are read', async () => {
    const { sizeBytes, bytes } = await wholeModelFile(plain);
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes()) chunks.push(chunk);
    const file = Buffer.concat(chunks);
    expect(file.length).toBe(sizeBytes);
    const tensors = await readSafetensors(Readable.from([file], { objectMode: false }), sizeBytes);
    expect(tensors).toHaveLength(base.length);
  });

  it.each([
    ['the base', 'base'],
    ['what was trained', 'trained'],
  ] as const)('is refused when the file of %s is cut', async (_name, part) => {
    const whole = fileOf(base);
    const cut: TensorFile = {
      sizeBytes: whole.sizeBytes,
      open: async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of await whole.open()) chunks.push(chunk as Buffer);
        return Readable.from([Buffer.concat(chunks).subarray(0, -5)], { objectMode: false });
      },
    };
    await expect(merged({ [part]: cut })).rejects.toMatchObject({ code: 'blob_corrupt' });
  });
});
