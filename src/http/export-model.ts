// The trained model of a checkpoint as a Hugging Face folder in a tar.
import { CodedError } from '../error.ts';
import { defaultProject } from '../experiment/id.ts';
import type { ExperimentSpec } from '../experiment/spec.ts';
import { openSnapshot } from '../dataset/open-snapshot.ts';
import { modelArchive, type ModelArchive } from '../model/model-archive.ts';
import { readModelConfig, toHuggingFaceConfig, type ModelConfig } from '../model/model-config.ts';
import type { AppDependencies } from './dependencies.ts';

/**
 * Opens the model of a committed checkpoint; no weight is read yet.
 *
 * @throws CodedError `blob_missing`, `blob_corrupt`.
 */
export async function exportModel(
  dependencies: AppDependencies,
  spec: ExperimentSpec,
  checkpoint: { readonly experimentId: string; readonly step: number },
): Promise<ModelArchive> {
  const { checkpoints, blobs } = dependencies;
  const published = await checkpoints.read(checkpoint.experimentId, checkpoint.step);
  if (!published)
    throw new CodedError('blob_missing', `The manifest of step ${checkpoint.step} is not in the store.`);
  const { snapshotSha256, blobs: parts } = published.manifest;
  const snapshot = await openSnapshot(blobs, snapshotSha256);
  const tokenizerJson = await snapshot.tokenizerJson();
  const config = await configOf(dependencies, spec, tokenizerJson);
  const { sha256, sizeBytes } = parts.parameters;
  return modelArchive({
    config: toHuggingFaceConfig(config, snapshot.manifest.labels),
    tokenizerJson,
    weights: { sizeBytes, open: (range) => blobs.getRange(sha256, range) },
  });
}

async function configOf(
  { repositories, blobs }: AppDependencies,
  { model }: ExperimentSpec,
  tokenizerJson: string,
): Promise<ModelConfig> {
  if ('id' in model) {
    const record = await repositories.models.get(defaultProject, model.id);
    if (!record) throw new CodedError('blob_missing', `The model ${model.id} is gone.`);
    return readModelConfig(Buffer.from(await blobs.bytes(record.blobs.config)).toString());
  }
  const { layers, hiddenSize, heads, intermediateSize, maxPositions } = model.scratch;
  return readModelConfig({
    model_type: 'bert',
    vocab_size: vocabularySizeOf(tokenizerJson),
    hidden_size: hiddenSize,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: intermediateSize,
    max_position_embeddings: maxPositions,
  });
}

/** The vocabulary that was learned, which may be smaller than the bound that the spec set. */
function vocabularySizeOf(tokenizerJson: string): number {
  const { model } = JSON.parse(tokenizerJson) as { readonly model: { readonly vocab: object } };
  return Object.keys(model.vocab).length;
}
