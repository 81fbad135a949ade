// The command that writes gradients, against figures of PyTorch: the project's own, and those beside the repository.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toHuggingFaceConfig } from '../../src/model/model-config.ts';
import type { NamedTensor } from '../../src/training/job.ts';
import { families, familyCase, tasks } from '../training/bert/family-cases.ts';
import { isKeyBias, largestDifference, relativeDifference } from '../training/bert/reference-run.ts';
import { readSafetensors } from '../training/safetensors-reader.ts';
import { engineGradients, readJson, type GradientsRun } from './model-directory.ts';

interface Batch {
  readonly input_ids: number[][];
  readonly token_type_ids?: number[][];
  readonly attention_mask?: number[][];
}

interface OwnReference {
  readonly config: {
    vocabularySize: number;
    hiddenSize: number;
    layers: number;
    heads: number;
    intermediateSize: number;
    maxPositions: number;
  };
  readonly labelCount: number;
  readonly batch: { tokenIds: number[][]; tokenTypes: number[][]; mask: number[][]; labels: number[] };
  readonly shapes: Record<string, number[]>;
  readonly parameters: Record<string, number[]>;
  readonly loss: number;
  readonly logits: number[][];
  readonly gradients: Record<string, number[]>;
}

function expectGradients(
  { gradients }: GradientsRun,
  expected: Iterable<readonly [string, ArrayLike<number>]>,
): void {
  const wanted = new Map(expected);
  expect([...gradients.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [name, data] of wanted) {
    const actual = gradients.get(name)!;
    if (isKeyBias(name)) expect(largestDifference(actual, data), name).toBeLessThan(1e-6);
    else expect(relativeDifference(actual, data), name).toBeLessThan(1e-5);
  }
}

const own = readJson(resolve(import.meta.dirname, '../reference/tiny-bert.json')) as OwnReference;
const ownModel = {
  config: {
    model_type: 'bert',
    vocab_size: own.config.vocabularySize,
    hidden_size: own.config.hiddenSize,
    num_hidden_layers: own.config.layers,
    num_attention_heads: own.config.heads,
    intermediate_size: own.config.intermediateSize,
    max_position_embeddings: own.config.maxPositions,
    type_vocab_size: 2,
    num_labels: own.labelCount,
  },
  tensors: Object.entries(own.parameters).map(([name, values]): NamedTensor => ({
    name,
    shape: own.shapes[name]!,
    data: Float32Array.from(values),
  })),
};
const ownBatch = {
  input_ids: own.batch.tokenIds,
  token_type_ids: own.batch.tokenTypes,
  attention_mask: own.batch.mask,
  labels: own.batch.labels,
};

describe('engine:gradients', () => {
  it('writes the gradient of every parameter, and prints loss and logits', () => {
    const result = engineGradients(ownModel, ownBatch);
    expect(Math.abs(result.loss - own.loss)).toBeLessThan(1e-6);
    expect(largestDifference(result.logits.flat(), own.logits.flat())).toBeLessThan(2e-6);
    expectGradients(result, Object.entries(own.gradients));
  });

  it('reads nothing of what is masked, in the middle of a row too, and shifts no position for it', () => {
    const row = own.batch.tokenIds[0]!;
    const at = 2;
    const hole = row.map((_, place) => Number(place !== at));
    const changed = row.map((id, place) => (place === at ? 4 + ((id + 1) % 8) : id));
    const [masked, other, short] = [
      { input_ids: [row], attention_mask: [hole], labels: [0] },
      { input_ids: [changed], attention_mask: [hole], labels: [0] },
      { input_ids: [row.filter((_, place) => place !== at)], labels: [0] },
    ].map((batch) => engineGradients(ownModel, batch));
    expect(other!.logits).toEqual(masked!.logits);
    expect(short!.logits).not.toEqual(masked!.logits);
    const positions = masked!.gradients.get('bert.embeddings.position_embeddings.weight')!;
    const { hiddenSize } = own.config;
    const rowOf = (position: number): number[] => [
      ...positions.subarray(position * hiddenSize, (position + 1) * hiddenSize),
    ];
    expect(rowOf(at).every((value) => value === 0)).toBe(true);
    expect(rowOf(at + 1).some((value) => value !== 0)).toBe(true);
  });

  it('says which task it takes the labels for when it cannot have them', () => {
    const { labels: _labels, ...without } = ownBatch;
    expect(() => engineGradients(ownModel, without)).toThrow('lacks the targets of classification');
    expect(() => engineGradients(ownModel, ownBatch, ['--task', 'translation'])).toThrow('--task is one of');
  });

  it.each([
    [{}, 'The batch lacks input_ids'],
    [{ ...ownBatch, attention_mask: [[1]] }, 'attention_mask of the batch is not of the shape of input_ids'],
  ])('says what is wrong with a batch, without a stack trace: %#', (batch, line) => {
    expect(() => engineGradients(ownModel, batch)).toThrow(line);
    expect(() => engineGradients(ownModel, batch)).not.toThrow('TypeError');
  });

  it('refuses a model that lacks a tensor by its name', () => {
    const tensors = ownModel.tensors.filter(({ name }) => !name.endsWith('layer.0.output.dense.weight'));
    expect(() => engineGradients({ ...ownModel, tensors }, ownBatch)).toThrow('layer.0.output.dense.weight');
  });

  it.each(families.flatMap((family) => tasks.map((task) => ({ family, task }))))(
    'knows the $task of $family',
    ({ family, task }) => {
      const { model, examples, loss, gradients } = familyCase(family, task);
      const { head, config } = model;
      const longest = Math.max(...examples.map(({ tokenIds }) => tokenIds.length));
      const padded = (values: Iterable<number>, filling: number): number[] => {
        const row = [...values];
        return [...row, ...Array.from({ length: longest - row.length }, () => filling)];
      };
      const isReal = task === 'regression' || task === 'multiLabel';
      const labels = examples.map(({ targets }) => {
        if (isReal) return [...new Float32Array(targets.buffer)];
        return task === 'classification'
          ? targets[0]!
          : padded(
              [...targets].map((target) => (target === -1 ? -100 : target)),
              -100,
            );
      });
      const padding = config.positionOffset === 0 ? 0 : 1;
      const batch = {
        input_ids: examples.map(({ tokenIds }) => padded(tokenIds, padding)),
        attention_mask: examples.map(({ tokenIds }) =>
          padded(
            tokenIds.map(() => 1),
            0,
          ),
        ),
        token_type_ids: examples.map(({ tokenIds, secondStart }) =>
          padded(
            tokenIds.map((_, place) => Number(place >= secondStart && family === 'bert')),
            0,
          ),
        ),
        labels,
      };
      const names = Array.from({ length: head.labelCount }, (_, label) => `label ${label}`);
      const result = engineGradients(
        {
          config: toHuggingFaceConfig({ ...config, paddingId: padding }, names, task),
          tensors: model.parameters,
        },
        batch,
      );
      expect(Math.abs(result.loss - loss)).toBeLessThan(2e-6);
      expectGradients(result, gradients);
    },
  );
});

const shared = resolve(import.meta.dirname, '../../../shared/reference/tiny');

describe.skipIf(!existsSync(shared))('engine:gradients over the reference beside the repository', () => {
  it('has the gradients of the classification and of the regression', () => {
    const batch = readJson(join(shared, 'batch.json')) as Batch;
    const config = readJson(join(shared, 'config.json')) as object;
    const tensorsOf = (file: string): NamedTensor[] =>
      readSafetensors(join(shared, file)).map((tensor) => ({
        ...tensor,
        data: Float32Array.from(tensor.data),
      }));
    const tensors = tensorsOf('weights.safetensors');
    const expected = (file: string): [string, ArrayLike<number>][] =>
      readSafetensors(join(shared, file)).map(({ name, data }) => [name, data]);
    const classification = engineGradients({ config, tensors }, batch);
    expectGradients(classification, expected('classification_grads_float64.safetensors'));
    const head = tensorsOf('regression_head.safetensors');
    const names = new Set(head.map(({ name }) => name));
    const regression = engineGradients(
      {
        config: { ...config, num_labels: 1, id2label: { 0: 'LABEL_0' } },
        tensors: [...tensors.filter(({ name }) => !names.has(name)), ...head],
      },
      batch,
    );
    expectGradients(regression, expected('regression_grads_float64.safetensors'));
  });
});
