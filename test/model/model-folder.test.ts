// Model folders: what is accepted is a BERT model with all its tensors, and what is refused is named.
import { createReadStream, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readModelConfig, toHuggingFaceConfig, type ModelConfig } from '../../src/model/model-config.ts';
import { inspectModel, readModelTensors, type FileReader } from '../../src/model/model-folder.ts';
import { encodeSafetensors, type NamedTensor } from '../../src/model/safetensors.ts';
import { product } from '../../src/model/safetensors-header.ts';
import { encoderTensors } from '../../src/model/tensor-names.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { BlobStore } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'model-'));
const blobs = new BlobStore(new DirectoryStore(folder), '');
afterAll(() => rm(folder, { recursive: true }));

const config: ModelConfig = {
  family: 'bert',
  positionOffset: 0,
  vocabularySize: 8,
  hiddenSize: 4,
  layers: 2,
  heads: 2,
  intermediateSize: 6,
  maxPositions: 5,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
  paddingId: 0,
};
const configJson = toHuggingFaceConfig(config, ['no', 'yes']);
const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b'].join('\n');

/** Every tensor of an encoder, each with a value of its own. */
function encoder(described: ModelConfig = config): NamedTensor[] {
  const { required, optional } = encoderTensors(described);
  return [...required, ...optional].map(([name, shape], index) => ({
    name,
    shape,
    data: new Float32Array(product(shape)).fill(index + 1),
  }));
}

async function inspect(
  tensors: readonly NamedTensor[],
  changes: { config?: object; vocabulary?: string; tokenizerJson?: string } = {},
) {
  const weights = await blobs.putBytes(encodeSafetensors(tensors));
  const files = {
    config: JSON.stringify(changes.config ?? configJson),
    tokenizer:
      changes.tokenizerJson === undefined
        ? { vocabulary: changes.vocabulary ?? vocabulary }
        : { json: changes.tokenizerJson },
    weights: readerOf(weights),
  };
  return { ...(await inspectModel(files)), weights };
}

const readerOf = ({ sha256, sizeBytes }: BlobRef): FileReader => ({
  sizeBytes,
  readRange: async (start, size) => Buffer.from(await blobs.bytes(sha256)).subarray(start, start + size),
});

const without = (name: string) => encoder().filter((tensor) => tensor.name !== name);
const head: NamedTensor = { name: 'classifier.weight', shape: [3, 4], data: new Float32Array(12) };

describe('a model folder', () => {
  it('is accepted with all its tensors, and the number of its parameters is theirs', async () => {
    const { architecture, parameters, ignored, config: read } = await inspect(encoder());
    expect({ architecture, ignored, read }).toEqual({ architecture: 'bert', ignored: [], read: config });
    expect(parameters).toBe(encoder().reduce((sum, { data }) => sum + data.length, 0));
  });

  it('gives its tensors under the names of BertForSequenceClassification, whatever prefix and age they have', async () => {
    const old = encoder().map((tensor) => ({
      ...tensor,
      name: tensor.name
        .replace(/^bert\./, '')
        .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
        .replace(/LayerNorm\.bias$/, 'LayerNorm.beta'),
    }));
    const { weights } = await inspect(old);
    const byName = (list: readonly NamedTensor[]) => new Map(list.map((tensor) => [tensor.name, tensor]));
    expect(byName(await readModelTensors(blobs, weights, 'bert'))).toEqual(byName(encoder()));
  });

  it('is refused when it is read where a value is not finite, naming the tensor', async () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const tensors = encoder();
      tensors[3]!.data[1] = value;
      const { weights } = await inspect(tensors);
      await expect(readModelTensors(blobs, weights, 'bert')).rejects.toMatchObject({
        code: 'model_invalid',
        message: expect.stringContaining(tensors[3]!.name) as string,
      });
    }
  });

  it('is refused when it is read where a value is too large for a weight, naming the tensor', async () => {
    const withValue = async (value: number) => {
      const tensors = encoder();
      tensors[3]!.data[1] = value;
      return readModelTensors(blobs, (await inspect(tensors)).weights, 'bert');
    };
    for (const value of [3e38, -3e38, 65_505]) {
      const refusal = withValue(value);
      await expect(refusal).rejects.toMatchObject({ code: 'model_invalid' });
      await expect(refusal).rejects.toThrow(`beyond ±65504: ${encoder()[3]!.name}.`);
    }
    for (const value of [65_504, -65_504])
      await expect(withValue(value)).resolves.toHaveLength(encoder().length);
  });

  it('lists what it ignores: heads, and stored positions', async () => {
    const extra = ['cls.predictions.bias', 'classifier.weight', 'bert.embeddings.position_ids'];
    const { ignored, weights } = await inspect([...encoder(), ...extra.map((name) => ({ ...head, name }))]);
    expect(ignored).toEqual([...extra].sort());
    expect(await readModelTensors(blobs, weights, 'bert')).toHaveLength(encoder().length);
  });

  it('may lack its pooler', async () => {
    const tensors = encoder().filter(({ name }) => !name.includes('pooler'));
    await expect(inspect(tensors)).resolves.toMatchObject({ ignored: [] });
  });

  it.each<[string, () => readonly NamedTensor[], string]>([
    ['is missing', () => without('bert.encoder.layer.1.output.dense.bias'), 'layer.1.output.dense.bias'],
    [
      'is too much',
      () => [...encoder(), { ...head, name: 'encoder.layer.2.output.dense.bias' }],
      'layer.2.output',
    ],
    [
      'is there under two names',
      () => [...encoder(), { ...encoder()[0]!, name: encoder()[0]!.name.slice(5) }],
      'word',
    ],
    [
      'is misshapen',
      () => [
        ...without('bert.pooler.dense.weight'),
        { name: 'bert.pooler.dense.weight', shape: [2, 8], data: new Float32Array(16) },
      ],
      'bert.pooler.dense.weight [2, 8] instead of [4, 4]',
    ],
  ])('is refused when a tensor %s, and names it', async (_what, tensors, named) => {
    const refusal = inspect(tensors());
    await expect(refusal).rejects.toMatchObject({ code: 'model_incompatible' });
    await expect(refusal).rejects.toThrow(named);
  });

  it('is refused when its tokenizer has more tokens than its embedding', async () => {
    await expect(inspect(encoder(), { vocabulary: `${vocabulary}\nc\nd` })).rejects.toMatchObject({
      code: 'model_incompatible',
    });
  });

  it.each([
    [{ model_type: 'electra' }, 'not_supported'],
    [{ model_type: undefined }, 'not_supported'],
    [{ hidden_act: 'relu' }, 'not_supported'],
    [{ position_embedding_type: 'relative_key' }, 'not_supported'],
    [{ is_decoder: true }, 'not_supported'],
    [{ hidden_size: 5 }, 'model_invalid'],
    [{ hidden_size: '4' }, 'model_invalid'],
    [{ num_hidden_layers: 1e9 }, 'model_invalid'],
    [{ vocab_size: undefined }, 'model_invalid'],
    [{ layer_norm_eps: -1 }, 'model_invalid'],
    [{ pad_token_id: 8 }, 'model_invalid'],
  ])('is refused with the configuration %j', async (changes, code) => {
    await expect(inspect(encoder(), { config: { ...configJson, ...changes } })).rejects.toMatchObject({
      code,
    });
  });

  it('is refused with a configuration that is no JSON object', () => {
    for (const text of ['', '{', '[]', 'null', '7']) {
      expect(() => readModelConfig(text)).toThrow('config.json');
    }
  });
});

describe('a model folder of another family', () => {
  const file = new URL('../reference/tokenizers.json', import.meta.url);
  const { tokenizers } = JSON.parse(readFileSync(file, 'utf8')) as {
    tokenizers: Record<'bytes' | 'cased', { tokenizerJson: object }>;
  };
  const roberta: ModelConfig = {
    ...config,
    family: 'roberta',
    vocabularySize: 600,
    typeVocabularySize: 1,
    positionOffset: 2,
    paddingId: 1,
  };
  const distilbert: ModelConfig = {
    ...config,
    family: 'distilbert',
    vocabularySize: 500,
    typeVocabularySize: 0,
  };
  const jsonOf = (kind: keyof typeof tokenizers) => JSON.stringify(tokenizers[kind].tokenizerJson);
  const inspectFamily = (
    described: ModelConfig,
    tensors: readonly NamedTensor[],
    kind: keyof typeof tokenizers,
  ) => inspect(tensors, { config: toHuggingFaceConfig(described, []), tokenizerJson: jsonOf(kind) });

  it('is accepted: RoBERTa with its byte-level tokenizer, DistilBERT with a cased one', async () => {
    for (const [described, kind] of [[roberta, 'bytes'] as const, [distilbert, 'cased'] as const]) {
      const tensors = encoder(described);
      const head = { name: 'classifier.dense.bias', shape: [4], data: new Float32Array(4) };
      const inspected = await inspectFamily(described, [...tensors, head], kind);
      expect(inspected).toMatchObject({
        architecture: described.family,
        parameters: tensors.reduce((sum, { data }) => sum + data.length, 0),
        ignored: ['classifier.dense.bias'],
        config: described,
        tokenizerJson: jsonOf(kind),
      });
      const read = await readModelTensors(blobs, inspected.weights, described.family);
      expect(read.map(({ name }) => name).sort()).toEqual(tensors.map(({ name }) => name).sort());
    }
  });

  it('is accepted without prefixes, which are those of its configuration', async () => {
    const tensors = encoder(roberta).map((tensor) => ({ ...tensor, name: tensor.name.slice(8) }));
    const { weights } = await inspectFamily(roberta, tensors, 'bytes');
    const names = (await readModelTensors(blobs, weights, 'roberta')).map(({ name }) => name);
    expect(names.every((name) => name.startsWith('roberta.'))).toBe(true);
  });

  it('is refused with the tensors of the family that its configuration does not name', async () => {
    const refusal = inspectFamily(roberta, encoder({ ...roberta, family: 'bert' }), 'bytes');
    await expect(refusal).rejects.toMatchObject({ code: 'model_incompatible' });
    await expect(refusal).rejects.toThrow(
      /missing: roberta\.embeddings.* not of this model: bert\.embeddings/,
    );
    await expect(inspectFamily(distilbert, encoder(), 'cased')).rejects.toThrow(
      /missing: distilbert\.embeddings.* and \d+ more/,
    );
  });
});

const real = new URL('../../../shared/models/minilm-l6-v2/', import.meta.url);

describe.skipIf(!existsSync(real))('a real model folder', () => {
  it('is inspected and read: MiniLM has 22,713,216 parameters and stored positions', async () => {
    const weights = await blobs.putStream(createReadStream(new URL('model.safetensors', real)));
    const text = (name: string): string => readFileSync(new URL(name, real), 'utf8');
    const inspected = await inspectModel({
      config: text('config.json'),
      tokenizer: { json: text('tokenizer.json') },
      weights: readerOf(weights),
    });
    expect(inspected.parameters).toBe(22_713_216);
    expect(inspected.ignored).toEqual(['embeddings.position_ids']);
    expect(inspected.config).toMatchObject({ vocabularySize: 30_522, hiddenSize: 384, layers: 6, heads: 12 });
    const tensors = await readModelTensors(blobs, weights, 'bert');
    expect(tensors.reduce((sum, { data }) => sum + data.length, 0)).toBe(22_713_216);
  });
});
