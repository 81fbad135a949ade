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
  { checkpoints, blobs }: Pick<AppDependencies, 'checkpoints' | 'blobs'>,
  { experimentId, step, id }: { readonly experimentId: string; readonly step: number; readonly id: string },
): Promise<ModelArchive> {
  const manifest = await checkpoints.read(experimentId, step, id);
  if (!manifest) throw new CodedError('blob_missing', `The manifest of step ${step} is not in the store.`);
  const { config, tokenizer, parameters } = manifest.blobs;
  const text = async (blob: typeof config): Promise<string> =>
    Buffer.from(await blobs.bytes(blob)).toString();
  return modelArchive({
    // Written by the attempt that made the checkpoint, and checked against its hash.
    config: JSON.parse(await text(config)) as object,
    tokenizerJson: await text(tokenizer),
    weights: {
      sizeBytes: parameters.sizeBytes,
      // A hash covers the whole only: what is asked for as a whole is checked as it passes.
      open: (range) =>
        range.start === 0 && range.end === parameters.sizeBytes - 1
          ? blobs.get(parameters)
          : blobs.getRange(parameters.sha256, range),
    },
  });
}
