// Tiny models of each family with what transformers computed from them (scripts/reference/generate-families.py).
import { readFileSync } from 'node:fs';
import { modelLimits, type InferenceExamples } from '../../../src/training/inference/batching.ts';
import type { InferenceModel, InferencePrecision } from '../../../src/training/inference/inference-model.ts';
import type { BertConfig, NamedTensor } from '../../../src/training/job.ts';

type InferenceFamily = BertConfig['family'];
type InferenceTask = InferenceModel['head']['task'];

interface StoredTensor {
  readonly shape: number[];
  readonly data: string;
}

interface StoredTask {
  readonly head: Record<string, StoredTensor>;
  readonly batch: { input_ids: number[][]; attention_mask: number[][]; token_type_ids?: number[][] };
  readonly logits: StoredTensor;
}

interface StoredFamily {
  readonly config: { vocab_size: number; max_position_embeddings: number; type_vocab_size?: number };
  readonly encoder: Record<string, StoredTensor>;
  readonly tasks: Record<InferenceTask, StoredTask>;
}

export const families = ['bert', 'distilbert', 'roberta'] as const satisfies readonly InferenceFamily[];
export const tasks = ['classification', 'regression', 'multiLabel', 'tokenClassification'] as const;

function decode({ data }: StoredTensor): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);
}

function sourceTensors(tensors: Record<string, StoredTensor>): NamedTensor[] {
  return Object.entries(tensors).map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    data: decode(tensor),
  }));
}

/** Examples without their padding. */
export function examplesOf(rows: readonly { ids: number[]; secondStart?: number }[]): InferenceExamples {
  return {
    count: rows.length,
    lengthOf: (index) => rows[index]!.ids.length,
    read: (index) => {
      const { ids, secondStart } = rows[index]!;
      return { tokenIds: Int32Array.from(ids), secondStart: secondStart ?? ids.length };
    },
  };
}

export interface FamilyCase {
  readonly model: InferenceModel;
  readonly limits: { readonly vocabularySize: number; readonly maxPositions: number };
  readonly rows: readonly { ids: number[]; secondStart: number }[];
  /** Of the real tokens or of the examples, in order. */
  readonly logits: Float32Array;
  readonly labelCount: number;
}

/** One family and task: the model, the batch, and the logits that transformers gives. */
export function familyCase(
  family: InferenceFamily,
  task: InferenceTask,
  precision: InferencePrecision = 'float32',
): FamilyCase {
  const path = new URL(`../../reference/families/${family}.json`, import.meta.url);
  const stored = JSON.parse(readFileSync(path, 'utf8')) as StoredFamily;
  const { head, batch, logits } = stored.tasks[task];
  const lengths = batch.attention_mask.map((mask) => mask.filter((value) => value === 1).length);
  const rows = lengths.map((length, row) => {
    const types = batch.token_type_ids?.[row]?.slice(0, length) ?? [];
    const secondStart = types.indexOf(1);
    return {
      ids: batch.input_ids[row]!.slice(0, length),
      secondStart: secondStart === -1 ? length : secondStart,
    };
  });
  const labelCount = logits.shape.at(-1)!;
  const all = decode(logits);
  const padded = batch.input_ids[0]!.length;
  const real =
    task === 'tokenClassification' ? rows.flatMap((_, row) => realTokens(row)) : rows.map((_, row) => row);
  function realTokens(row: number): number[] {
    return Array.from({ length: lengths[row]! }, (_, place) => row * padded + place);
  }
  const config: BertConfig = {
    family,
    vocabularySize: stored.config.vocab_size,
    hiddenSize: 16,
    layers: 2,
    heads: 2,
    intermediateSize: 24,
    maxPositions: stored.config.max_position_embeddings,
    positionOffset: family === 'roberta' ? 2 : 0,
    typeVocabularySize: stored.config.type_vocab_size ?? 0,
    layerNormEpsilon: family === 'roberta' ? 1e-5 : 1e-12,
    initializerRange: 0.02,
  };
  return {
    model: {
      config,
      head: { task, labelCount },
      precision,
      tensors: [...sourceTensors(stored.encoder), ...sourceTensors(head)],
    },
    limits: modelLimits(config),
    rows,
    logits: Float32Array.from(
      real.flatMap((row) => [...all.subarray(row * labelCount, (row + 1) * labelCount)]),
    ),
    labelCount,
  };
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((largest, value, place) => Math.max(largest, Math.abs(value - b[place]!)), 0);
}
