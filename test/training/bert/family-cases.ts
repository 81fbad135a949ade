// Tiny models of each family and task with losses and gradients of transformers (scripts/reference/generate-families.py).
import { readFileSync } from 'node:fs';
import { noTarget, type Example } from '../../../src/text/example-table.ts';
import type { BertConfig, NamedTensor, Task } from '../../../src/training/job.ts';
import { floatTargets } from '../tiny-task.ts';
import type { ReferenceModel } from './reference-run.ts';

interface StoredTensor {
  readonly shape: number[];
  readonly data: string;
}

interface StoredTask {
  readonly labelCount: number;
  readonly head: Record<string, StoredTensor>;
  readonly batch: { input_ids: number[][]; attention_mask: number[][]; token_type_ids?: number[][] };
  readonly targets: number[] | number[][];
  readonly logits: StoredTensor;
  readonly loss: number;
  readonly gradients: Record<string, StoredTensor>;
}

interface StoredFamily {
  readonly config: { readonly vocab_size: number; readonly max_position_embeddings: number };
  readonly encoder: Record<string, StoredTensor>;
  readonly tasks: Record<Task, StoredTask>;
}

export const families = ['bert', 'distilbert', 'roberta'] as const;
export const tasks = [
  'classification',
  'regression',
  'multiLabel',
  'tokenClassification',
  'maskedLanguage',
] as const;

function tensorsOf(stored: Record<string, StoredTensor>): NamedTensor[] {
  return Object.entries(stored).map(([name, { shape, data }]) => ({
    name,
    shape,
    data: new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer),
  }));
}

function configOf(family: BertConfig['family'], { config }: StoredFamily): BertConfig {
  return {
    family,
    vocabularySize: config.vocab_size,
    hiddenSize: 16,
    layers: 2,
    heads: 2,
    intermediateSize: 24,
    maxPositions: config.max_position_embeddings,
    positionOffset: family === 'roberta' ? 2 : 0,
    typeVocabularySize: { bert: 2, distilbert: 0, roberta: 1 }[family],
    layerNormEpsilon: family === 'roberta' ? 1e-5 : 1e-12,
    initializerRange: 0.02,
  };
}

/** The targets of a row as an example holds them: Hugging Face marks with -100 what is not counted. */
function targetsOf(task: Task, row: number | readonly number[], length: number): Int32Array {
  const values = [row].flat();
  if (task === 'regression' || task === 'multiLabel') return floatTargets(values);
  return Int32Array.from(values.slice(0, length), (target) => (target === -100 ? noTarget : target));
}

export interface FamilyCase {
  readonly model: ReferenceModel;
  readonly examples: readonly Example[];
  /** Tokens of a padded row of `logits`. */
  readonly paddedLength: number;
  readonly logits: Float32Array;
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

export function familyCase(family: BertConfig['family'], task: Task): FamilyCase {
  const path = new URL(`../../reference/families/${family}.json`, import.meta.url);
  const stored = JSON.parse(readFileSync(path, 'utf8')) as StoredFamily;
  const { batch, head, labelCount, targets, logits, loss, gradients } = stored.tasks[task];
  const examples = batch.input_ids.map((ids, row): Example => {
    const length = batch.attention_mask[row]!.filter((one) => one === 1).length;
    const second = batch.token_type_ids?.[row]?.slice(0, length).indexOf(1) ?? -1;
    return {
      tokenIds: Int32Array.from(ids.slice(0, length)),
      secondStart: second === -1 ? length : second,
      targets: targetsOf(task, targets[row]!, length),
    };
  });
  return {
    model: {
      config: configOf(family, stored),
      head: { task, labelCount },
      parameters: [...tensorsOf(stored.encoder), ...tensorsOf(head)],
    },
    examples,
    paddedLength: batch.input_ids[0]!.length,
    logits: tensorsOf({ logits })[0]!.data,
    loss,
    gradients: new Map(tensorsOf(gradients).map(({ name, data }) => [name, data])),
  };
}
