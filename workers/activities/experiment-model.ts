// Which model an experiment trains: its sizes, and the weights that it starts from.
import type { Repositories } from '../../src/database/repositories.ts';
import { CodedError } from '../../src/error.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import type { ModelConfig } from '../../src/model/model-config.ts';
import { readModelConfig } from '../../src/model/model-config.ts';
import { readModelTensors } from '../../src/model/model-folder.ts';
import type { NamedTensor } from '../../src/model/safetensors.ts';
import type { Tokenizer } from '../../src/text/tokenizer.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';

/** Constants of the BERT paper that a model from scratch does not choose (arXiv:1810.04805 and its published code). */
const paper = {
  typeVocabularySize: 2,
  paddingId: 0,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
} as const;

export interface ExperimentModel {
  /** `undefined`: the vocabulary is to be learned from the training split. */
  readonly tokenizer: BlobRef | undefined;
  /** @param tokenizer the snapshot's, whose size a model from scratch takes over. */
  config(tokenizer: Pick<Tokenizer, 'vocabularySize'>): ModelConfig;
  /**
   * Tensors under Hugging Face names; none for a model from scratch.
   *
   * @param onProgress called as they come.
   */
  pretrained(onProgress: () => void): Promise<readonly NamedTensor[]>;
}

/** @throws CodedError `not_found` when the uploaded model is gone. */
export async function experimentModel(
  repositories: Repositories,
  blobs: BlobStore,
  projectId: string,
  { model }: ExperimentSpec,
): Promise<ExperimentModel> {
  if ('scratch' in model) {
    const { vocabularySize: _upperBound, ...sizes } = model.scratch;
    return {
      tokenizer: undefined,
      config: ({ vocabularySize }) => ({ ...sizes, ...paper, vocabularySize }),
      pretrained: () => Promise.resolve([]),
    };
  }
  const record = await repositories.models.get(projectId, model.id);
  if (record === undefined) throw new CodedError('not_found', `There is no model ${model.id}.`);
  const config = readModelConfig(Buffer.from(await blobs.bytes(record.blobs.config)).toString('utf8'));
  return {
    tokenizer: record.blobs.tokenizer,
    config: () => config,
    pretrained: (onProgress) => readModelTensors(blobs, record.blobs.weights, onProgress),
  };
}
