// The trained model of a checkpoint as a file to download.
import { Readable } from 'node:stream';
import { CodedError } from '../../error.ts';
import type { BlobRef } from '../../experiment/blob.ts';
import { defaultProject } from '../../experiment/id.ts';
import { wholeModelParts } from '../../model/checkpoint-model.ts';
import { modelArchive } from '../../model/model-archive.ts';
import type { RangedContent } from '../../model/tar-archive.ts';
import { wholeModelFile, type WholeModelParts } from '../../model/whole-model.ts';
import type { ByteRange } from '../../storage/object-store.ts';
import type { AppDependencies, CheckpointReference, ModelFile } from '../dependencies.ts';

/** What models are read from. */
type ModelStores = Pick<AppDependencies, 'checkpoints' | 'blobs'> & {
  readonly experiments: Pick<AppDependencies['repositories']['experiments'], 'require'>;
};

/** What of a stored report names the exported model. */
interface ReportedModel {
  readonly checkpoint: { readonly id: string };
  readonly inference: { readonly float32: { readonly model: BlobRef } };
}

/**
 * What the server opens models with; little of the weights is read before the file is.
 *
 * @throws CodedError `blob_missing`, `blob_corrupt`; `not_exported` for the ONNX file of a model that was not evaluated.
 */
export function modelOpener(stores: ModelStores): AppDependencies['openModel'] {
  return (checkpoint, format) =>
    format === 'huggingface' ? exportModel(stores, checkpoint) : openOnnx(stores, checkpoint);
}

/**
 * A checkpoint's model as a folder of Hugging Face in a tar.
 *
 * @throws CodedError `blob_missing`, `blob_corrupt`.
 */
export async function exportModel(
  { checkpoints, blobs }: Pick<ModelStores, 'checkpoints' | 'blobs'>,
  { experimentId, step, id }: CheckpointReference,
): Promise<ModelFile> {
  const manifest = await checkpoints.read(experimentId, step, id);
  const { config, tokenizer } = manifest.blobs;
  return modelArchive({
    // Written by the attempt that made the checkpoint, and checked against its hash.
    config: JSON.parse(await blobs.text(config)) as object,
    tokenizerJson: await blobs.text(tokenizer),
    weights: await weightsOf(await wholeModelParts(blobs, manifest)),
  });
}

/** A part is cut out of the whole: only reading that shows that every byte is what its name says. */
async function weightsOf(parts: WholeModelParts): Promise<RangedContent> {
  const { sizeBytes, bytes } = await wholeModelFile(parts);
  return {
    sizeBytes,
    open: (range) => Promise.resolve(Readable.from(cut(bytes(), range), { objectMode: false })),
  };
}

async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array> {
  let place = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, start - place), Math.max(0, end + 1 - place));
    if (part.length > 0) yield part;
    place += chunk.length;
  }
}

/** The file that the evaluation made and measured. */
async function openOnnx(
  { blobs, experiments }: ModelStores,
  { experimentId, step, id }: CheckpointReference,
): Promise<ModelFile> {
  const { reportSha256 } = await experiments.require({ projectId: defaultProject, experimentId });
  const report =
    reportSha256 === null
      ? undefined
      : // Written by the evaluation, and checked against its hash.
        (JSON.parse(await blobs.text(reportSha256)) as ReportedModel);
  if (report?.checkpoint.id !== id)
    throw new CodedError(
      'not_exported',
      `The model of step ${step} was not evaluated, so it has no ONNX file.`,
    );
  const { model } = report.inference.float32;
  return {
    sizeBytes: model.sizeBytes,
    open: (range) => Readable.from(openBlob(blobs, model, range), { objectMode: false }),
  };
}

async function* openBlob(
  blobs: AppDependencies['blobs'],
  model: BlobRef,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  // A hash covers the whole only: what is asked for as a whole is checked as it passes.
  yield* range === undefined ? await blobs.get(model) : await blobs.getRange(model.sha256, range);
}
