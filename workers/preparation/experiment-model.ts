// Which model an experiment trains: its sizes, and the weights that it starts from.
import type { Repositories } from '../../src/database/repositories.ts';
import type { HubModelSource } from '../../src/dataset/snapshot-manifest.ts';
import { CodedError } from '../../src/error.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import type { ModelConfig } from '../../src/model/model-config.ts';
import { readModelTensors } from '../../src/model/model-folder.ts';
import type { NamedTensor } from '../../src/model/safetensors.ts';
import type { Tokenizer } from '../../src/text/tokenizer.ts';
import { readStoredConfig } from '../../src/model/stored-config.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { notFound } from '../../src/experiment/not-found.ts';
import type { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { checkpointTensors } from '../../src/model/checkpoint-model.ts';

/** Constants of the BERT paper that a model from scratch does not choose (arXiv:1810.04805 and its published code). */
const paper = {
  family: 'bert',
  positionOffset: 0,
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
  readonly pretrained: (onProgress: () => void) => Promise<readonly NamedTensor[]>;
}

/** Where models come from. */
export interface ModelSources {
  readonly repositories: Repositories;
  readonly blobs: BlobStore;
  readonly manifests: CheckpointStore;
}

/**
 * @param imported the files of a hub's model, which the snapshot names.
 * @throws CodedError `not_found` when the uploaded model is gone.
 */
export async function experimentModel(
  sources: ModelSources,
  projectId: string,
  { model }: ExperimentSpec,
  imported: HubModelSource | null,
): Promise<ExperimentModel> {
  const { repositories, blobs } = sources;
  if ('scratch' in model) {
    const { vocabularySize: _upperBound, ...sizes } = model.scratch;
    return {
      tokenizer: undefined,
      config: ({ vocabularySize }) => ({ ...sizes, ...paper, vocabularySize }),
      pretrained: () => Promise.resolve([]),
    };
  }
  if ('experiment' in model) return trainedModel(sources, projectId, model);
  const found = 'hub' in model ? imported : await repositories.models.get(projectId, model.id);
  if (!found) throw notFound('model', 'hub' in model ? model.hub : model.id);
  const config = await readStoredConfig(blobs, found.blobs.config);
  return {
    tokenizer: found.blobs.tokenizer,
    config: () => config,
    pretrained: (onProgress) => readModelTensors(blobs, found.blobs.weights, config.family, onProgress),
  };
}

/** The model that another experiment had made at a step. */
async function trainedModel(
  { repositories, blobs, manifests }: ModelSources,
  projectId: string,
  { experiment: experimentId, step }: { readonly experiment: string; readonly step: number },
): Promise<ExperimentModel> {
  const row = await repositories.checkpoints.getCheckpoint({ projectId, experimentId }, step);
  if (row === undefined)
    throw new CodedError('not_found', `Experiment ${experimentId} has no checkpoint of step ${step}.`);
  const manifest = await manifests.read(experimentId, step, row.id);
  const config = await readStoredConfig(blobs, manifest.blobs.config);
  return {
    tokenizer: manifest.blobs.tokenizer,
    config: () => config,
    pretrained: (onProgress) => checkpointTensors(blobs, manifest, onProgress),
  };
}
