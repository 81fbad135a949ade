// The trained model of a checkpoint as a Hugging Face folder in a tar.
import { CodedError } from '../error.ts';
import { modelArchive, type ModelArchive } from '../model/model-archive.ts';
import type { AppDependencies } from './dependencies.ts';

/**
 * Opens the model of a committed checkpoint; no weight is read yet.
 *
 * @throws CodedError `blob_missing`, `blob_corrupt`.
 */
export async function exportModel(
  { checkpoints, blobs }: AppDependencies,
  { experimentId, step }: { readonly experimentId: string; readonly step: number },
): Promise<ModelArchive> {
  const published = await checkpoints.read(experimentId, step);
  if (!published) throw new CodedError('blob_missing', `The manifest of step ${step} is not in the store.`);
  const { config, tokenizer, parameters } = published.manifest.blobs;
  const text = async (blob: typeof config): Promise<string> =>
    Buffer.from(await blobs.bytes(blob)).toString();
  return modelArchive({
    // Written by the attempt that made the checkpoint, and checked against its hash.
    config: JSON.parse(await text(config)) as object,
    tokenizerJson: await text(tokenizer),
    weights: {
      sizeBytes: parameters.sizeBytes,
      open: (range) => blobs.getRange(parameters.sha256, range),
    },
  });
}
