// The families of encoders: their configurations and tensors are those of transformers.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  longestInput,
  readModelConfig,
  toHuggingFaceConfig,
  type ModelTask,
} from '../../src/model/model-config.ts';
import { modelFamilies, type ModelFamily } from '../../src/model/model-family.ts';
import { encoderTensors, isIgnoredTensor, parameterName } from '../../src/model/tensor-names.ts';

type Tensors = Record<string, { shape: number[] }>;

/** Written by scripts/reference/generate-families.py. */
interface Reference {
  config: Record<string, unknown>;
  encoder: Tensors;
  tasks: Record<ModelTask, { head: Tensors }>;
}

const referenceOf = (family: ModelFamily): Reference =>
  JSON.parse(
    readFileSync(new URL(`../reference/families/${family}.json`, import.meta.url), 'utf8'),
  ) as Reference;

const families = Object.keys(modelFamilies) as ModelFamily[];
const sizes = { vocabularySize: 48, hiddenSize: 16, layers: 2, heads: 2, intermediateSize: 24 };

describe.each(families)('the family %s', (family) => {
  const reference = referenceOf(family);
  const config = readModelConfig(reference.config);

  it('has the tensors of transformers, with their shapes', () => {
    const { required, optional } = encoderTensors(config);
    const expected = Object.entries(reference.encoder).map(([name, { shape }]) => [name, shape] as const);
    expect(new Map([...required, ...optional])).toEqual(
      new Map([...expected, ...[...optional].filter(([name]) => !(name in reference.encoder))]),
    );
    expect([...optional.keys()].every((name) => name.startsWith(`${family}.pooler.`))).toBe(true);
  });

  it('passes over every head of transformers, and no tensor of the encoder', () => {
    const heads = Object.values(reference.tasks).flatMap(({ head }) => Object.keys(head));
    expect(new Set(heads).size).toBeGreaterThan(5);
    expect(heads.filter((name) => !isIgnoredTensor(name))).toEqual([]);
    expect(Object.keys(reference.encoder).filter(isIgnoredTensor)).toEqual([]);
    expect(isIgnoredTensor(`${family}.embeddings.position_ids`)).toBe(true);
  });

  it('finds the tensors of a bare encoder under their full names', () => {
    const names = [...encoderTensors(config).required.keys()];
    const bare = names.map((name) => name.slice(family.length + 1));
    expect(bare.map((name) => parameterName(name, family))).toEqual(names);
    expect(names.map((name) => parameterName(name, family))).toEqual(names);
  });

  it('writes the configuration that transformers wrote', () => {
    const written = toHuggingFaceConfig(config, ['no', 'yes']);
    const shared = Object.entries(written).filter(([field]) => field in reference.config);
    expect(shared.length).toBeGreaterThanOrEqual(family === 'distilbert' ? 10 : 12);
    expect(Object.fromEntries(shared)).toEqual(
      Object.fromEntries(shared.map(([field]) => [field, reference.config[field]])),
    );
  });

  it.each<[ModelTask, string, string | undefined]>([
    ['classification', 'SequenceClassification', 'single_label_classification'],
    ['multiLabel', 'SequenceClassification', 'multi_label_classification'],
    ['regression', 'SequenceClassification', 'regression'],
    ['tokenClassification', 'TokenClassification', undefined],
    ['maskedLanguage', 'MaskedLM', undefined],
  ])('reads what it writes for %s, which names its class', (task, className, problemType) => {
    const written = JSON.stringify(toHuggingFaceConfig(config, ['no', 'yes'], task));
    expect(readModelConfig(written)).toEqual(config);
    const fields = JSON.parse(written) as Record<string, unknown>;
    const { architectures, id2label, label2id } = fields;
    expect(architectures).toEqual([`${modelFamilies[family].className}For${className}`]);
    expect(fields['problem_type']).toBe(problemType);
    if (task === 'maskedLanguage') expect([id2label, label2id]).toEqual([undefined, undefined]);
    else if (task === 'regression') expect([id2label, label2id]).toEqual([{ 0: 'LABEL_0' }, { LABEL_0: 0 }]);
    else
      expect([id2label, label2id]).toEqual([
        { 0: 'no', 1: 'yes' },
        { no: 0, yes: 1 },
      ]);
  });
});

describe('a configuration', () => {
  const read = (family: ModelFamily, changes: object = {}) =>
    readModelConfig({ ...referenceOf(family).config, ...changes });

  it('of BERT counts positions from the first row', () => {
    expect(read('bert')).toMatchObject({
      ...sizes,
      maxPositions: 12,
      positionOffset: 0,
      typeVocabularySize: 2,
    });
    expect(longestInput(read('bert'))).toBe(12);
  });

  it('of DistilBERT has no token types, and its one epsilon', () => {
    const config = read('distilbert', { layer_norm_eps: 0.5, sinusoidal_pos_embds: true });
    expect(config).toMatchObject({ ...sizes, typeVocabularySize: 0, layerNormEpsilon: 1e-12 });
    expect(toHuggingFaceConfig(config, [])).not.toHaveProperty('type_vocab_size');
  });

  it('of RoBERTa counts positions from the row after its padding', () => {
    const config = read('roberta');
    expect(config).toMatchObject({ ...sizes, paddingId: 1, positionOffset: 2, layerNormEpsilon: 1e-5 });
    expect(longestInput(config)).toBe(12);
    expect(read('roberta', { pad_token_id: 5 }).positionOffset).toBe(6);
    expect(read('roberta', { pad_token_id: undefined }).positionOffset).toBe(2);
  });

  it.each<[ModelFamily, object, string]>([
    ['roberta', { pad_token_id: 13 }, 'model_invalid'],
    ['roberta', { type_vocab_size: 0 }, 'model_invalid'],
    ['roberta', { model_type: 'xlm-roberta' }, 'not_supported'],
    ['roberta', { model_type: 'toString' }, 'not_supported'],
    ['distilbert', { activation: 'relu' }, 'not_supported'],
    ['distilbert', { dim: undefined, hidden_size: 16 }, 'model_invalid'],
    ['distilbert', { n_heads: 3 }, 'model_invalid'],
  ])('of %s with %j is refused', (family, changes, code) => {
    expect(() => read(family, changes)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
